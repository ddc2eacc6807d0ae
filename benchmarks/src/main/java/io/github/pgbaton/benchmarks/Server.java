package io.github.pgbaton.benchmarks;

import io.github.pgbaton.testkit.PatroniCluster;

/** A PostgreSQL of our own on this machine, the only member of its cluster; it ends with {@link #close}. */
final class Server implements AutoCloseable {
    private final PatroniCluster cluster;

    private Server(PatroniCluster cluster) {
        this.cluster = cluster;
    }

    static Server start() {
        return new Server(
                PatroniCluster.local().members(1).synchronousMode(false).start());
    }

    /** The member and the database. */
    String address() {
        return cluster.seeds() + "/" + cluster.database();
    }

    /** Where the leader is written, as parameters of a URL. */
    String leaderSource() {
        return "etcd=" + cluster.etcd().get(0) + "&scope=" + cluster.scope() + "&namespace=" + cluster.namespace();
    }

    String user() {
        return cluster.user();
    }

    String password() {
        return cluster.password();
    }

    @Override
    public void close() {
        cluster.close();
    }
}
