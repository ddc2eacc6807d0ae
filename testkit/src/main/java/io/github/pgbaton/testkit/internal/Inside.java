package io.github.pgbaton.testkit.internal;

import java.net.InetSocketAddress;
import java.util.List;

/** Where the parts of one cluster find each other, as their configuration says it. */
interface Inside {
    InetSocketAddress postgres(int member);

    InetSocketAddress rest(int member);

    InetSocketAddress etcdClient(int index);

    InetSocketAddress etcdPeer(int index);

    InetSocketAddress haproxy();

    /** Where a part listens that is found there. */
    default String listen(InetSocketAddress found) {
        return Site.text(found);
    }

    /** The lines of pg_hba.conf for who comes by TCP. */
    List<String> access();
}
