package io.github.pgbaton.etcd;

import io.github.resilience4j.core.IntervalFunction;
import java.time.Duration;

/**
 * How long this module waits for what; no wait is without an end.
 *
 * @param call deadline of a reading and of the confirmation of a watch
 * @param probe deadline of a suspicious look at the leader key, which is repeated
 * @param probeInterval between two looks, jittered
 * @param settled how long a watch must have lived for its loss to count as the first one
 * @param backoff between attempts, jittered so that a thousand clients do not come back in step
 */
record Timing(
        Duration call, Duration probe, IntervalFunction probeInterval, Duration settled, IntervalFunction backoff) {

    static final Timing DEFAULT = new Timing(
            Duration.ofSeconds(3),
            Duration.ofMillis(900),
            IntervalFunction.ofRandomized(1050, 0.1),
            Duration.ofSeconds(5),
            // 1.33 s and half of it more is the 2 s that no wait exceeds.
            IntervalFunction.ofExponentialRandomBackoff(100, 2.0, 0.5, 1333));

    /** A little later than the deadline that gRPC holds itself, whose message says more than ours. */
    Duration patience() {
        return call.plusMillis(250);
    }

    Duration backoff(int attempt) {
        return Duration.ofMillis(Math.min(2000, backoff.apply(attempt)));
    }

    Duration untilNextProbe() {
        // Never before the last look has ended: it would be forgotten before anybody had drawn a conclusion.
        return Duration.ofMillis(Math.max(probe.toMillis() + 20, probeInterval.apply(1)));
    }
}
