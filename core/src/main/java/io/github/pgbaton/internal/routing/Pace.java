package io.github.pgbaton.internal.routing;

import io.github.resilience4j.core.IntervalFunction;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * How fast a new leader is asked and connected to: often right after its election, when it is about to be promoted, and
 * never by everybody in the same instant.
 */
final class Pace {
    /** A leader elected this recently is expected to promote any moment. */
    private static final Duration FRESH = Duration.ofSeconds(30);

    /** Most promotions take a fraction of a second: right after the election a leader is asked more often than later on. */
    private static final long SHORTEST_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(5);

    private static final int SHARE_OF_THE_WAIT = 32;

    /** How long a member looks out for its own promotion at a time: its prober sees only then that nobody wants to know. */
    static final Duration WATCH = Duration.ofMillis(100);

    private static final int LOOKS_PER_WAIT = 256;

    private static final long SHORTEST_LOOK_MILLIS = 2;

    /** How rarely a leader is tried at the longest: what a restart in place can cost on top of itself. */
    private static final Duration LONGEST_PAUSE = Duration.ofMillis(100);

    /** Before one session of many: every JVM of the application, and each of its connections, sees an election at once. */
    private static final IntervalFunction JITTER = IntervalFunction.ofRandomized(Duration.ofMillis(8), 0.9);

    private final IntervalFunction freshPause;
    private final IntervalFunction longerPause;

    /** @param interval at which a leader is asked */
    Pace(Duration interval) {
        this.freshPause = IntervalFunction.ofRandomized(interval.toMillis(), 0.2);
        Duration longest = interval.compareTo(LONGEST_PAUSE) > 0 ? interval : LONGEST_PAUSE;
        this.longerPause = IntervalFunction.ofExponentialRandomBackoff(interval, 1.5, 0.2, longest);
    }

    /** Whether the leader was elected just now, and did not lead before as far as this JVM knows. */
    static boolean fresh(Route route) {
        return route.epoch() > 1 && System.nanoTime() - route.sinceNanos() < FRESH.toNanos();
    }

    /** How long to wait before the leader is asked again. */
    long pauseNanos(Route route, int attempt) {
        boolean fresh = fresh(route);
        long millis = (fresh ? freshPause : longerPause).apply(Math.min(attempt, 20));
        long nanos = Duration.ofMillis(millis).toNanos();
        if (!fresh) {
            return nanos;
        }
        // What the asking adds is a small share of what the promotion took, however short that was.
        long waited = System.nanoTime() - route.sinceNanos();
        return Math.min(nanos, Math.max(waited / SHARE_OF_THE_WAIT, SHORTEST_PAUSE_NANOS));
    }

    /** How long a member sleeps before it looks again whether it is promoted: 2 to 25 ms, the later the longer. */
    static long lookMillis(Route route) {
        long waited = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - route.sinceNanos());
        return Math.min(Math.max(waited / LOOKS_PER_WAIT, SHORTEST_LOOK_MILLIS), WATCH.toMillis() / 4);
    }

    /** Waits a moment that differs from caller to caller: 1 to 15 ms. */
    static void jitter() throws InterruptedException {
        TimeUnit.MILLISECONDS.sleep(jitterMillis());
    }

    static long jitterMillis() {
        return JITTER.apply(1);
    }
}
