package io.github.pgbaton.internal.routing;

import java.util.Locale;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Says in the log when a failover starts and when it ends, once each, with durations.
 *
 * <p>What is to be said is noted under the tracker's lock and written by {@link #flush} without it: an appender that
 * stalls must not hold up who waits for a primary.
 */
final class FailoverLog {
    private static final Logger LOG = LoggerFactory.getLogger("io.github.pgbaton.failover");

    private record Line(boolean warning, String text) {}

    private final Queue<Line> lines = new ConcurrentLinkedQueue<>();
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
            info("failover of " + cluster + " started: " + reason);
        }
    }

    void aborting(int sockets) {
        aborted += sockets;
    }

    void ended(Route route, int timeline) {
        if (running) {
            running = false;
            long now = System.nanoTime();
            // A primary that was restarted in place was elected long before.
            boolean elected = route.sinceNanos() - startNanos > 0;
            info("failover of " + cluster + " ended: " + route.leaderText()
                    + (timeline > 0 ? " on timeline " + timeline : "") + " takes writes, " + seconds(now - startNanos)
                    + " after the start"
                    + (elected ? ", " + seconds(now - route.sinceNanos()) + " after its election" : "")
                    + "; " + aborted + " sockets to other members aborted");
        }
    }

    void withdrawn(String reason) {
        if (running) {
            running = false;
            info("failover of " + cluster + " did not take place: " + reason);
        }
    }

    void silent(String reason, @Nullable String last) {
        warn(cluster + ": the leader source cannot tell: " + reason + "; "
                + (last == null ? "asking the members themselves" : "going on with " + last));
    }

    void unmapped(String member, String why) {
        warn(cluster + ": memberMap gives no address for " + member + ": " + why);
    }

    void heard(String source) {
        info(cluster + ": the leader source speaks again (" + source + ")");
    }

    /** Writes what was noted; without the tracker's lock. */
    void flush() {
        for (Line line = lines.poll(); line != null; line = lines.poll()) {
            if (line.warning) {
                LOG.warn("{}", line.text);
            } else {
                LOG.info("{}", line.text);
            }
        }
    }

    private void info(String text) {
        lines.add(new Line(false, text));
    }

    private void warn(String text) {
        lines.add(new Line(true, text));
    }

    private static String seconds(long nanos) {
        return String.format(Locale.ROOT, "%.3f s", nanos / 1e9);
    }
}
