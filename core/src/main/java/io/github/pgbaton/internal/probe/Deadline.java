package io.github.pgbaton.internal.probe;

import java.time.Duration;

/**
 * A moment after which a call gives up.
 *
 * @param start when the wait began, in {@link System#nanoTime()}
 * @param length how long it may last
 */
public record Deadline(long start, Duration length) {

    /**
     * @param length from now
     * @return the deadline
     */
    public static Deadline in(Duration length) {
        return new Deadline(System.nanoTime(), length);
    }

    /** @return nanoseconds left, zero or less once it has passed */
    public long leftNanos() {
        return length.toNanos() - (System.nanoTime() - start);
    }

    /** @return whether it has passed */
    public boolean passed() {
        return leftNanos() <= 0;
    }

    /**
     * @param most an upper bound
     * @return what is left, at least 1 ms and at most the bound
     */
    public Duration left(Duration most) {
        Duration left = Duration.ofNanos(Math.max(leftNanos(), 1_000_000));
        return left.compareTo(most) < 0 ? left : most;
    }
}
