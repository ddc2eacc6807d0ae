package io.github.pgbaton.internal.routing;

import io.github.pgbaton.internal.probe.Deadline;
import io.github.pgbaton.pool.NoSessionException;
import java.sql.SQLException;
import java.time.Duration;

/** What a call is told that waited for a primary in vain: what is known, what was tried, what to do. Stateless. */
final class NoPrimary {
    private final LeaderTracker tracker;
    private final Duration failoverTimeout;

    NoPrimary(LeaderTracker tracker, Duration failoverTimeout) {
        this.tracker = tracker;
        this.failoverTimeout = failoverTimeout;
    }

    SQLException inTime(Deadline deadline, Attempts attempts) {
        return new NoSessionException(
                "no writable primary of " + tracker.name() + " within "
                        + deadline.length().toMillis() + " ms: " + whatIsKnown(tracker.route()) + "; " + attempts
                        + ". Nothing was sent. Check the cluster, or raise "
                        // A wait that something else cut short is not made longer by raising failoverTimeout.
                        + (deadline.length().compareTo(failoverTimeout) < 0 ? "the login time-out" : "failoverTimeout"),
                "08001",
                attempts.newest());
    }

    /** For a connection that wants the leader confirmed. */
    SQLException confirmed(Duration waited) {
        return new NoSessionException(
                "no source has confirmed the leader of " + tracker.name() + " for Patroni's ttl: "
                        + whatIsKnown(tracker.route())
                        + ". leaderProof=strict: the call waited " + waited.toMillis()
                        + " ms, and nothing was sent. Bring the source back, or set leaderProof=available to go on with"
                        + " what PostgreSQL itself proves",
                "08001",
                null);
    }

    private String whatIsKnown(Route route) {
        if (route.silence() != null) {
            return "the leader source cannot tell (" + route.silence() + ")";
        }
        if (!tracker.hasSource()) {
            return "no leader source is configured, the members were asked";
        }
        if (!route.heard()) {
            return "the leader source has not answered yet";
        }
        return route.held()
                ? "the lock is held by " + route.leaderText()
                : "nobody holds the lock, last " + route.leaderText();
    }
}
