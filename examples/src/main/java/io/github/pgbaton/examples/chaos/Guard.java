package io.github.pgbaton.examples.chaos;

import java.util.Locale;

/** One of the guards of replay that can be taken away; a campaign without it must find what it prevents. */
public enum Guard {
    TOMBSTONE(Havoc.STALL, "doubled") {
        @Override
        long shown(Findings found) {
            return found.doublings();
        }
    },
    BARRIER(Havoc.CRASH, "lost") {
        @Override
        long shown(Findings found) {
            return found.losses();
        }
    },
    DIGEST(Havoc.TERMINATE, "wrong reads or balances") {
        @Override
        long shown(Findings found) {
            return found.wrongReads() + Math.abs(found.balanceOff());
        }
    };

    private final Havoc aim;
    private final String prevented;

    Guard(Havoc aim, String prevented) {
        this.aim = aim;
        this.prevented = prevented;
    }

    /** The fault at which it matters. */
    Havoc aim() {
        return aim;
    }

    /** What it prevents, for people. */
    String prevented() {
        return prevented;
    }

    /** How much an audit found of what this guard prevents; of anything else, nothing. */
    abstract long shown(Findings found);

    /** As in the system property that takes it away. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
