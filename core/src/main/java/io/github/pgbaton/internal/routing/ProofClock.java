package io.github.pgbaton.internal.routing;

import java.time.Duration;

/**
 * Knows since when no source confirms a leader; a source that names one and has not fallen silent since is a
 * confirmation that lasts.
 *
 * <p>Changed under the route's lock, read without it: one volatile read while all is well.
 */
final class ProofClock {
    private static final long CONFIRMED = 0;

    /** In nanoTime and always odd, or {@link #CONFIRMED}. */
    private volatile long doubtedSince = System.nanoTime() | 1;

    private boolean told;

    /** A source names a leader; true: the doubt before it had been told of. */
    boolean confirm() {
        doubtedSince = CONFIRMED;
        boolean before = told;
        told = false;
        return before;
    }

    /** No source names one any more; a doubt that lasts already keeps its beginning. */
    void doubt() {
        if (doubtedSince == CONFIRMED) {
            doubtedSince = System.nanoTime() | 1;
        }
    }

    boolean confirmed() {
        return doubtedSince == CONFIRMED;
    }

    /** Whether nobody has confirmed a leader for that long. */
    boolean expired(Duration ttl) {
        return doubtedSince != CONFIRMED && left(ttl) <= 0;
    }

    /** In nanoseconds, until a doubt will have lasted for that long. */
    long left(Duration ttl) {
        long since = doubtedSince;
        return since == CONFIRMED ? ttl.toNanos() : ttl.toNanos() - (System.nanoTime() - since);
    }

    /** Whether this doubt is to be told of now: once. */
    boolean tell() {
        boolean first = !told;
        told = true;
        return first;
    }
}
