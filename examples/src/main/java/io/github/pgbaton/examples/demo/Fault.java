package io.github.pgbaton.examples.demo;

import io.github.pgbaton.testkit.ClusterException;
import io.github.pgbaton.testkit.PatroniCluster;
import java.util.Locale;

/** What happens to the primary; each one ends with a writable primary again, without anybody's help. */
public enum Fault {
    KILL {
        @Override
        public void inject(PatroniCluster cluster, String primary) {
            cluster.kill(primary);
        }

        @Override
        public String text(String primary) {
            return "kill -9 of Patroni and PostgreSQL on " + primary;
        }
    },
    FREEZE {
        @Override
        public void inject(PatroniCluster cluster, String primary) {
            cluster.freeze(primary);
        }

        @Override
        public String text(String primary) {
            return "freeze (SIGSTOP) of all of " + primary;
        }
    },
    SWITCHOVER {
        @Override
        public void inject(PatroniCluster cluster, String primary) {
            cluster.switchover(cluster.syncStandby()
                    .orElseThrow(() -> new ClusterException("no synchronous standby to switch over to")));
        }

        @Override
        public String text(String primary) {
            return "switchover away from " + primary;
        }
    },
    KILL_POSTGRES {
        @Override
        public void inject(PatroniCluster cluster, String primary) {
            cluster.killPostgres(primary);
        }

        @Override
        public String text(String primary) {
            return "kill -9 of PostgreSQL alone on " + primary;
        }
    };

    /** Returns when the fault is there; a switchover is over by then. */
    public abstract void inject(PatroniCluster cluster, String primary);

    /** What is done, for people. */
    public abstract String text(String primary);

    /** As it is written on the command line. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
