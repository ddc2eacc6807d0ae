package io.github.pgbaton.internal.routing;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Says in the log when a failover starts and when it ends, once each, with durations; not thread-safe, used under the
 * tracker's lock.
 */
final class FailoverLog {
    private static final Logger LOG = LoggerFactory.getLogger("io.github.pgbaton.failover");

    private final String cluster;
    private boolean running;
    private long startNanos;
    private int aborted;

    FailoverLog(String cluster) {
        this.cluster = cluster;
    }

    void started(String reason) {
        if (!running) {
            running = true;
            startNanos = System.nanoTime();
            aborted = 0;
            LOG.info("failover of {} started: {}", cluster, reason);
        }
    }

    void aborting(int sockets) {
        aborted += sockets;
    }

    void ended(Route route, int timeline) {
        if (running) {
            running = false;
            long now = System.nanoTime();
            LOG.info(
                    "failover of {} ended: {}{} takes writes, {} after the start{}; {} sockets to other members aborted",
                    cluster,
                    route.leaderText(),
                    timeline > 0 ? " on timeline " + timeline : "",
                    seconds(now - startNanos),
                    // A primary that was restarted in place was elected long before.
                    route.sinceNanos() - startNanos > 0
                            ? ", " + seconds(now - route.sinceNanos()) + " after its election"
                            : "",
                    aborted);
        }
    }

    void withdrawn(String reason) {
        if (running) {
            running = false;
            LOG.info("failover of {} did not take place: {}", cluster, reason);
        }
    }

    void silent(String reason, @Nullable String last) {
        LOG.warn(
                "{}: the leader source cannot tell: {}; {}",
                cluster,
                reason,
                last == null ? "asking the members themselves" : "going on with " + last);
    }

    void unmapped(String member, String why) {
        LOG.warn("{}: memberMap gives no address for {}: {}", cluster, member, why);
    }

    void heard(String source) {
        LOG.info("{}: the leader source speaks again ({})", cluster, source);
    }

    private static String seconds(long nanos) {
        Duration d = Duration.ofNanos(nanos);
        return String.format(java.util.Locale.ROOT, "%.3f s", d.toNanos() / 1e9);
    }
}
