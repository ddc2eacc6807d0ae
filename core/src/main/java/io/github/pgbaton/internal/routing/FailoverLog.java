package io.github.pgbaton.internal.routing;

import io.github.pgbaton.event.FailoverEvent;
import io.github.pgbaton.topology.ClusterState;
import io.github.pgbaton.topology.HostPort;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Says in the log and to listeners when a failover starts and when it ends, once each, with durations.
 *
 * <p>What is to be said is noted under the route's lock and told by {@link #flush} without it: an appender that
 * stalls must not hold up who waits for a primary.
 */
final class FailoverLog {
    private static final Logger LOG = LoggerFactory.getLogger("io.github.pgbaton.failover");

    private record Line(boolean warning, String text) {}

    private final InOrder<Line> lines = new InOrder<>(FailoverLog::write);
    private final EventQueue events;
    private final String cluster;
    private boolean running;
    private long startNanos;
    private int aborted;
    private volatile int timeline;
    private volatile ClusterState.@Nullable Failover last;

    FailoverLog(String cluster, EventQueue events) {
        this.cluster = cluster;
        this.events = events;
    }

    void started(String reason) {
        if (begin(reason)) {
            events.note(new FailoverEvent.LeaderLost(cluster, Instant.now(), reason));
        }
    }

    private boolean begin(String reason) {
        if (running) {
            return false;
        }
        running = true;
        startNanos = System.nanoTime();
        aborted = 0;
        info("failover of " + cluster + " started: " + reason);
        return true;
    }

    void elected(String member, HostPort address) {
        events.note(new FailoverEvent.LeaderElected(cluster, Instant.now(), member, address));
    }

    void holding(String reason, Duration longest) {
        begin(reason);
        events.note(new FailoverEvent.HoldStarted(cluster, Instant.now(), longest));
    }

    void holdEnded(Duration held, boolean switched) {
        events.note(new FailoverEvent.HoldEnded(cluster, Instant.now(), held, switched));
    }

    void aborting(int sockets) {
        aborted += sockets;
        if (sockets > 0) {
            events.note(new FailoverEvent.SessionsAborted(cluster, Instant.now(), sockets));
        }
    }

    /** The timeline of the last primary that was verified, 0 where the server may not be asked. */
    int timeline() {
        return timeline;
    }

    /** The last failover that came to its end, null before the first. */
    ClusterState.@Nullable Failover last() {
        return last;
    }

    void ended(Route route, int timeline) {
        this.timeline = timeline;
        if (running) {
            running = false;
            long now = System.nanoTime();
            last = new ClusterState.Failover(Instant.now(), Duration.ofNanos(now - startNanos));
            // A primary that was restarted in place was elected long before.
            HostPort address = route.address();
            if (address != null) {
                events.note(new FailoverEvent.PrimaryWritable(
                        cluster,
                        Instant.now(),
                        String.valueOf(route.member()),
                        address,
                        timeline,
                        Duration.ofNanos(now - startNanos)));
            }
            boolean elected = route.sinceNanos() - startNanos > 0;
            info("failover of " + cluster + " ended: " + route.leaderText()
                    + (timeline > 0 ? " on timeline " + timeline : "") + " takes writes, " + seconds(now - startNanos)
                    + " after the start"
                    + (elected ? ", " + seconds(now - route.sinceNanos()) + " after its election" : "")
                    + "; " + aborted + " sockets to other members aborted; "
                    + ProtectionCounters.of(cluster).summary());
        }
    }

    void withdrawn(String reason) {
        if (running) {
            running = false;
            info("failover of " + cluster + " did not take place: " + reason);
        }
    }

    void silent(String reason, @Nullable String last) {
        events.note(new FailoverEvent.SourceDegraded(cluster, Instant.now(), reason));
        warn(cluster + ": the leader source cannot tell: " + reason + "; "
                + (last == null ? "asking the members themselves" : "going on with " + last));
    }

    /** No source has confirmed a leader for a whole ttl; of the members' PostgreSQL it is told by the caller. */
    void unproven(Duration ttl, @Nullable String silence, String last, boolean asking) {
        warn(cluster + ": no source has confirmed a leader for " + seconds(ttl.toNanos()) + " ("
                + (silence == null ? "nobody holds the lock" : silence) + "), last " + last + "; "
                + (asking
                        ? "asking the members from now on, and connections with leaderProof=strict begin nothing new"
                        : "new sessions wait for a leader, and connections with leaderProof=strict begin nothing new"));
    }

    void lost(HostPort member, int connections) {
        if (connections > 0) {
            info(cluster + ": " + member + " answers, but acknowledges nothing on " + connections
                    + " older connections, which are aborted");
        }
    }

    void provenAgain(String leader) {
        info(cluster + ": the leader is confirmed again: " + leader);
    }

    void unmapped(String member, String why) {
        warn(cluster + ": memberMap gives no address for " + member + ": " + why);
    }

    void heard(String source) {
        events.note(new FailoverEvent.SourceHealed(cluster, Instant.now(), source));
        info(cluster + ": the leader source speaks again (" + source + ")");
    }

    /** Tells what was noted; without the route's lock. */
    void flush() {
        events.publish();
        lines.handOn();
    }

    private static void write(Line line) {
        if (line.warning) {
            LOG.warn("{}", line.text);
        } else {
            LOG.info("{}", line.text);
        }
    }

    private void info(String text) {
        lines.note(new Line(false, text));
    }

    private void warn(String text) {
        lines.note(new Line(true, text));
    }

    private static String seconds(long nanos) {
        // Not by a Formatter: whoever needs one first loads it, and here under the lock that everybody waits for.
        return BigDecimal.valueOf(nanos / 1_000_000, 3).toPlainString() + " s";
    }
}
