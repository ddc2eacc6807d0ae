package io.github.pgbaton.testkit.internal;

import java.net.InetAddress;
import java.net.InetSocketAddress;

/** Where a test reaches the parts of one cluster, and where the testkit does; the same for the cluster's whole life. */
interface Addresses {
    /** Where a client finds this member's PostgreSQL. */
    InetSocketAddress postgres(int member);

    InetSocketAddress rest(int member);

    InetSocketAddress etcdClient(int index);

    InetSocketAddress haproxy();

    /** The source address of everything the testkit itself asks. */
    InetAddress observer();

    /** The testkit's own way to this member's PostgreSQL, which no cut touches. */
    default InetSocketAddress observedPostgres(int member) {
        return postgres(member);
    }

    default InetSocketAddress observedRest(int member) {
        return rest(member);
    }

    default InetSocketAddress observedEtcd(int index) {
        return etcdClient(index);
    }

    /** The address that this member's PostgreSQL has in its own eyes. */
    default String serverAddress(int member) {
        return postgres(member).getAddress().getHostAddress();
    }

    /** Whether clients find the members where these say they are. */
    default boolean announced() {
        return true;
    }
}
