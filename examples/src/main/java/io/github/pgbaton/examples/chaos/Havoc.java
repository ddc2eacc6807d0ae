package io.github.pgbaton.examples.chaos;

import io.github.pgbaton.testkit.ClusterException;
import io.github.pgbaton.testkit.Party;
import io.github.pgbaton.testkit.PatroniCluster;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;

/** What is done to a cluster under load; afterwards there is, or will be, a primary again without anybody's help. */
enum Havoc {
    KILL("kill -9 of Patroni and PostgreSQL on the primary", true) {
        @Override
        void inject(PatroniCluster cluster, String primary) {
            cluster.kill(primary);
        }
    },
    KILL_POSTGRES("kill -9 of PostgreSQL alone on the primary", false) {
        @Override
        void inject(PatroniCluster cluster, String primary) {
            cluster.killPostgres(primary);
        }
    },
    FREEZE("freeze (SIGSTOP) of all of the primary", true) {
        @Override
        void inject(PatroniCluster cluster, String primary) {
            cluster.freeze(primary);
        }
    },
    /** Nobody resets the sessions, and the primary goes on writing until its lease is over. */
    PARTITION("partition: the primary is cut off from etcd, the other members and the application", true) {
        @Override
        void inject(PatroniCluster cluster, String primary) {
            cluster.disconnect(primary);
        }
    },
    /** The primary stays, and its old backends with their locks: what is run again must not wait for itself. */
    CUT("the network between the application and the primary is cut for a while", false) {
        @Override
        void inject(PatroniCluster cluster, String primary) throws InterruptedException {
            cluster.cut(Party.client(), Party.member(primary));
            Thread.sleep(LET_GO.toMillis());
            cluster.heal(Party.client(), Party.member(primary));
        }
    },
    /** Between its election and its first standby a primary acknowledges what nobody else has. */
    TWICE("kill -9 of the primary, and of the next one before it has a synchronous standby", true) {
        @Override
        void inject(PatroniCluster cluster, String primary) throws InterruptedException {
            cluster.kill(primary);
            String next = primary;
            for (long begin = System.nanoTime(); next.equals(primary); ) {
                if (System.nanoTime() - begin > ELECTED.toNanos()) {
                    throw new ClusterException("no member took over from " + primary);
                }
                Thread.sleep(10);
                next = cluster.leader().orElse(primary);
            }
            next = cluster.awaitPrimary(ELECTED);
            // A few transactions of its own.
            Thread.sleep(200);
            cluster.kill(next);
            cluster.start(next);
        }
    },
    SWITCHOVER("switchover", false) {
        @Override
        void inject(PatroniCluster cluster, String primary) {
            cluster.switchover(standby(cluster));
        }
    },
    RESTART("restart of PostgreSQL on the primary by Patroni", false) {
        @Override
        void inject(PatroniCluster cluster, String primary) {
            cluster.restartPostgres(primary);
        }
    },
    TERMINATE("pg_terminate_backend of every session, again and again", false) {
        @Override
        void inject(PatroniCluster cluster, String primary) throws SQLException, InterruptedException {
            try (Backends backends = Backends.of(cluster, primary)) {
                for (int i = 0; i < 16; i++) {
                    backends.terminateAll();
                    Thread.sleep(300);
                }
            }
        }
    },
    /** Clients that give up look for a COMMIT that nobody can see, and that takes effect later. */
    STALL("COMMITs wait for the standby, their backends get no CPU, and clients give up", false) {
        @Override
        void inject(PatroniCluster cluster, String primary) throws SQLException, InterruptedException {
            String standby = standby(cluster);
            cluster.freeze(standby);
            List<Long> waiting = List.of();
            try (Backends backends = Backends.of(cluster, primary)) {
                waiting = backends.awaitCommitsInSyncWait();
                Backends.signal("STOP", waiting);
                Thread.sleep(GIVEN_UP.toMillis());
            } finally {
                Backends.signal("CONT", waiting);
                cluster.resume(standby);
            }
        }
    },
    /** Clients that give up find their COMMIT on the primary alone, and the primary dies before the standby has it. */
    CRASH("COMMITs wait for the standby, clients give up, the primary dies, and the standby never got them", true) {
        @Override
        void inject(PatroniCluster cluster, String primary) throws SQLException, InterruptedException {
            String standby = standby(cluster);
            cluster.freeze(standby);
            try (Backends backends = Backends.of(cluster, primary)) {
                backends.awaitCommitsInSyncWait();
                Thread.sleep(GIVEN_UP.toMillis());
            } finally {
                cluster.kill(primary);
                // Resumed, it would find in its sockets what it is not to have.
                cluster.kill(standby);
                cluster.start(standby);
            }
        }
    };

    /** Shorter than any ttl, or Patroni would name another standby. */
    private static final Duration GIVEN_UP = Writer.COMMIT_PATIENCE.plusMillis(1500);

    /** Long enough for the driver to give a silent primary up, and shorter than any ttl. */
    private static final Duration LET_GO = Duration.ofSeconds(6);

    private static final Duration ELECTED = Duration.ofSeconds(180);

    private final String text;
    private final boolean movesPrimary;

    Havoc(String text, boolean movesPrimary) {
        this.text = text;
        this.movesPrimary = movesPrimary;
    }

    /** Whether another member must be the leader before anything is mended. */
    boolean movesPrimary() {
        return movesPrimary;
    }

    /** What is done, for people. */
    String text() {
        return text;
    }

    abstract void inject(PatroniCluster cluster, String primary) throws SQLException, InterruptedException;

    private static String standby(PatroniCluster cluster) {
        return cluster.syncStandby().orElseThrow(() -> new ClusterException("no synchronous standby"));
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
