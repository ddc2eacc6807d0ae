package io.github.pgbaton.examples;

import io.github.pgbaton.testkit.PatroniCluster;
import java.util.Locale;

/** What the demo's cluster is made of; each is broken in the same ways. */
enum Backend {
    LOCAL {
        @Override
        PatroniCluster.Builder cluster() {
            return PatroniCluster.local();
        }

        @Override
        String text() {
            return "";
        }
    },
    DOCKER {
        @Override
        PatroniCluster.Builder cluster() {
            return PatroniCluster.docker();
        }

        @Override
        String text() {
            return ", in containers";
        }
    };

    abstract PatroniCluster.Builder cluster();

    /** What to add to a line that says what is started. */
    abstract String text();

    /** As it is written on the command line. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
