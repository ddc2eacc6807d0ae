package io.github.pgbaton.internal.routing;

import io.github.pgbaton.topology.HostPort;
import java.time.Duration;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/**
 * Limits how often a member is looked at because it refused a write: one look at a time, and a pause after it, however
 * many sessions complain. Thread-safe without a lock.
 */
final class Recheck {
    private static final long PAUSE_NANOS = Duration.ofSeconds(1).toNanos();

    /** When the next look may begin, in nanoTime. */
    private final ConcurrentMap<HostPort, Long> next = new ConcurrentHashMap<>();

    /** Whether the caller is to look now. */
    boolean due(HostPort member) {
        long now = System.nanoTime();
        boolean[] due = new boolean[1];
        next.compute(member, (key, earliest) -> {
            if (earliest != null && earliest - now > 0) {
                return earliest;
            }
            due[0] = true;
            return now + PAUSE_NANOS;
        });
        return due[0];
    }
}
