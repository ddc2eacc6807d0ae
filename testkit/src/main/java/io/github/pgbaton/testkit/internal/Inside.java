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

    /** Where this member's PostgreSQL listens, as Patroni takes it. */
    default String listeningPostgres(int member) {
        return listen(postgres(member));
    }

    /** Where this member tells others to find its PostgreSQL. */
    default String announcedPostgres(int member) {
        return Site.text(postgres(member));
    }

    /** Where the pooler beside this member listens. */
    default InetSocketAddress pooler(int member) {
        throw new UnsupportedOperationException("no poolers here");
    }

    /** The lines of pg_hba.conf for who comes by TCP. */
    List<String> access();
}
