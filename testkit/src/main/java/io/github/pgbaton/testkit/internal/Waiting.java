package io.github.pgbaton.testkit.internal;

import io.github.pgbaton.testkit.ClusterException;
import java.time.Duration;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Waits for what other processes do; never longer than its deadline. */
final class Waiting {
    private static final long PAUSE_MILLIS = 25;

    private Waiting() {}

    /**
     * Asks until nothing is wrong any more.
     *
     * @param what what is waited for, for the message
     * @param problem says what is still wrong, or null
     */
    static void until(Duration deadline, String what, Supplier<@Nullable String> problem) {
        long end = System.nanoTime() + deadline.toNanos();
        while (true) {
            String now = problem.get();
            if (now == null) {
                return;
            }
            if (System.nanoTime() - end >= 0) {
                throw new ClusterException(what + ": not within " + deadline + ", because " + now);
            }
            pause(PAUSE_MILLIS);
        }
    }

    /** Lets other processes go on for a moment. */
    static void pause(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ClusterException("interrupted", e);
        }
    }
}
