package io.github.pgbaton.internal.rest;

import org.jspecify.annotations.Nullable;

/**
 * What a member said when it was asked itself whether it holds the lock.
 *
 * @param verdict what follows from it
 * @param timeline which PostgreSQL writes; 0 unless {@link Verdict#RUNNING}
 * @param systemIdentifier null where not given
 * @param sentNanos when it was asked
 */
record LockProof(Verdict verdict, int timeline, @Nullable String systemIdentifier, long sentNanos) {

    /** From the strongest to the weakest. */
    enum Verdict {
        /** It holds the lock and its PostgreSQL runs in the role that goes with it. */
        RUNNING,
        /** It holds the lock; its PostgreSQL is not there yet, or not any more. */
        HELD,
        /** No answer that says anything. */
        SILENT,
        /** It says itself that it does not hold the lock. */
        DENIED
    }

    static LockProof silent(long sentNanos) {
        return new LockProof(Verdict.SILENT, 0, null, sentNanos);
    }

    boolean held() {
        return verdict == Verdict.RUNNING || verdict == Verdict.HELD;
    }
}
