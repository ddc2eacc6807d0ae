package io.github.pgbaton.failover.matrix;

import io.github.pgbaton.event.FailoverEvent;
import io.github.pgbaton.testkit.Party;
import io.github.pgbaton.testkit.PatroniCluster;
import java.sql.SQLException;
import java.time.Duration;

/** What breaks; the rows of the matrix. {@link #strike} returns when the fault has taken effect, {@link #end} ends it. */
enum Fault {
    KILL_MEMBER("the member is killed", "Patroni and PostgreSQL at once, as when its machine crashes") {
        @Override
        void strike(Stage stage) {
            stage.cluster().kill(stage.primary());
            stage.awaitAnotherPrimary();
        }
    },
    KILL_POSTGRES("PostgreSQL is killed", "Patroni starts it again in place; the leader does not change") {
        @Override
        void strike(Stage stage) {
            stage.cluster().killPostgres(stage.primary());
            stage.awaitNotWritable(stage.primary());
            stage.awaitPrimary();
        }
    },
    FREEZE("the member freezes", "nothing answers, and connections stay open") {
        @Override
        void strike(Stage stage) {
            stage.cluster().freeze(stage.primary());
            stage.awaitAnotherPrimary();
            // Nobody tells that it is frozen but the news of its successor or, where there are no news, its silence.
            stage.awaitRelease();
        }
    },
    FREEZE_AND_THAW(
            "the member freezes, and wakes up when it has a successor",
            "it still takes writes until its Patroni stops it") {
        @Override
        void strike(Stage stage) {
            FREEZE.strike(stage);
            wakeUpWithoutEtcd(stage, () -> stage.cluster().resume(stage.primary()));
        }

        @Override
        void end(Stage stage) {
            stage.awaitNotWritable(stage.primary());
        }
    },
    ZOMBIE(
            "Patroni alone freezes, and resumes",
            "PostgreSQL goes on and takes writes; another member is elected, then Patroni wakes up and stops it") {
        @Override
        void strike(Stage stage) {
            stage.cluster().freezePatroni(stage.primary());
            stage.awaitAnotherPrimary();
            stage.await("two primaries", () -> stage.cluster().truth().isWritable(stage.primary()));
        }

        @Override
        void end(Stage stage) {
            wakeUpWithoutEtcd(stage, () -> stage.cluster().resumePatroni(stage.primary()));
            stage.awaitNotWritable(stage.primary());
        }
    },
    SWITCHOVER("switchover", "to the synchronous standby; the old primary stops in order") {
        @Override
        void strike(Stage stage) {
            stage.cluster().switchover(stage.cluster().syncStandby().orElseThrow());
            stage.awaitAnotherPrimary();
        }
    },
    FAILOVER("failover by hand", "`patronictl failover` to the synchronous standby, while the primary is well") {
        @Override
        void strike(Stage stage) {
            stage.cluster().failover(stage.cluster().syncStandby().orElseThrow());
            stage.awaitAnotherPrimary();
        }
    },
    RESTART("restart in place", "`patronictl restart` of the primary; the leader does not change") {
        @Override
        void strike(Stage stage) {
            stage.cluster().restartPostgres(stage.primary());
            stage.awaitPrimary();
        }
    },
    CLIENT_MEMBER_PARTITION(
            "network cut between application and primary",
            "the cluster is well and the leader does not change; healed when the calls under way have been released") {
        @Override
        void strike(Stage stage) {
            stage.cluster().cut(Party.client(), Party.member(stage.primary()));
            stage.awaitRelease();
        }

        @Override
        void end(Stage stage) throws SQLException {
            stage.cluster().heal(Party.client(), Party.member(stage.primary()));
            // Now the server goes on with what it had been sent, though nobody hears its answers any more.
            stage.gate().open();
        }
    },
    MEMBER_ETCD_PARTITION(
            "network cut between primary and etcd", "the primary steps down, and another member is elected") {
        @Override
        void strike(Stage stage) {
            stage.cluster().cut(Party.member(stage.primary()), Party.allEtcd());
            stage.awaitAnotherPrimary();
        }
    },
    ONE_ETCD_DOWN("one etcd member is down", "of three; not etcd's leader") {
        @Override
        void strike(Stage stage) {
            int other =
                    (stage.cluster().etcdLeader() + 1) % stage.cluster().etcd().size();
            stage.cluster().stopEtcd(other);
            stage.awaitPatronisNextRound();
        }

        @Override
        void end(Stage stage) throws SQLException {
            stage.gate().open();
        }
    },
    ETCD_LEADER_DOWN(
            "etcd's leader is down",
            "of three; the others elect one. With a short `retry_timeout` Patroni may step down meanwhile; it did not, or all"
                    + " cells are as those of a restart") {
        @Override
        void strike(Stage stage) {
            stage.cluster().stopEtcd(stage.cluster().etcdLeader());
            stage.awaitPatronisNextRound();
        }

        @Override
        void end(Stage stage) {
            try {
                stage.gate().open();
            } catch (SQLException e) {
                // Patroni has stepped down, and with the gate everything that waited at it is gone.
                stage.awaitRelease();
                stage.awaitPrimary();
            }
        }
    },
    ALL_ETCD_DOWN(
            "all of etcd is down, and comes back", "without failsafe mode the primary steps down until etcd is back") {
        @Override
        void strike(Stage stage) {
            stage.cluster().stopAllEtcd();
            stage.awaitNotWritable(stage.primary());
            stage.cluster().startAllEtcd();
            stage.awaitPrimary();
        }
    },
    COMPACTION_WHILE_DISCONNECTED(
            "etcd's history is compacted while the driver is cut off from etcd",
            "a switchover falls into the same time: no watch can tell of it any more") {
        @Override
        void strike(Stage stage) {
            stage.cluster().cut(Party.client(), Party.allEtcd());
            stage.awaitEvent(FailoverEvent.SourceDegraded.class);
            stage.cluster().switchover(stage.cluster().syncStandby().orElseThrow());
            stage.awaitAnotherPrimary();
            stage.cluster().compactEtcd();
        }

        @Override
        void end(Stage stage) {
            stage.cluster().heal(Party.client(), Party.allEtcd());
            stage.awaitEvent(FailoverEvent.SourceHealed.class);
        }
    },
    PAUSED("Patroni is paused", "`patronictl pause`: PostgreSQL goes on") {
        @Override
        void strike(Stage stage) {
            stage.cluster().pause();
            stage.awaitPatronisNextRound();
        }

        @Override
        void end(Stage stage) throws SQLException {
            stage.cluster().unpause();
            stage.gate().open();
        }
    },
    FLAP("there and back", "a switchover, and at once another one, back to the first member") {
        @Override
        void prepare(PatroniCluster cluster) {
            // Of two members that are left, only the first can be the standby of the second.
            String primary = cluster.awaitPrimary(SOON);
            String standby = cluster.syncStandby().orElseThrow();
            cluster.members().stream()
                    .filter(member -> !member.equals(primary) && !member.equals(standby))
                    .forEach(cluster::kill);
        }

        @Override
        void strike(Stage stage) {
            PatroniCluster cluster = stage.cluster();
            cluster.switchover(cluster.syncStandby().orElseThrow());
            stage.awaitAnotherPrimary();
            stage.await(
                    "the first as standby",
                    () -> cluster.syncStandby().filter(stage.primary()::equals).isPresent());
            cluster.switchover(stage.primary());
            stage.await(
                    "the first as primary",
                    () -> cluster.leader().filter(stage.primary()::equals).isPresent()
                            && cluster.truth().isWritable(stage.primary()));
        }
    };

    private static final Duration SOON = Duration.ofSeconds(90);

    private final String title;
    private final String meaning;

    Fault(String title, String meaning) {
        this.title = title;
        this.meaning = meaning;
    }

    String title() {
        return title;
    }

    String meaning() {
        return meaning;
    }

    /** What must be so before connections are opened. */
    void prepare(PatroniCluster cluster) {}

    abstract void strike(Stage stage);

    /** After the idle connections have made their calls; what is left is undone by the cluster's restore. */
    void end(Stage stage) throws SQLException {}

    /**
     * A Patroni that wakes up goes by what it remembers until etcd tells it more: 3.0.2 may then put its own leader key over
     * its successor's, and the cluster loses commits, whoever its clients are. Cut off from etcd it stops its PostgreSQL.
     */
    private static void wakeUpWithoutEtcd(Stage stage, Runnable wakeUp) {
        stage.cluster().cut(Party.member(stage.primary()), Party.allEtcd());
        wakeUp.run();
    }
}
