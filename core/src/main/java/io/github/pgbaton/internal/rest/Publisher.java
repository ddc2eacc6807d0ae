package io.github.pgbaton.internal.rest;

import io.github.pgbaton.dcs.LeaderSource.Listener;
import io.github.pgbaton.topology.ClusterSettings;
import io.github.pgbaton.topology.Leader;
import io.github.pgbaton.topology.Role;
import io.github.pgbaton.topology.TimelineHistory;
import io.github.pgbaton.topology.Topology;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Remembers what is known and tells the listener what changes in it: never twice the same, unless after a silence.
 *
 * <p>REST has no revisions, so they are counted here. Confined to the loop.
 */
final class Publisher {
    private static final Logger LOG = LoggerFactory.getLogger(Publisher.class);

    private final String description;
    private final Listener listener;
    private @Nullable ClusterView view;
    private @Nullable Topology published;
    private Tally.Known known;
    private ClusterSettings settings = ClusterSettings.DEFAULTS;
    private int historyTimeline;
    private TimelineHistory history = TimelineHistory.NONE;
    private long revision;
    private long leaderRevision;
    private boolean degraded;

    /** @param told by another source before: a leader on an earlier timeline of that cluster is one of the past */
    Publisher(String description, Listener listener, Topology told) {
        this.known = new Tally.Known(null, told.timeline(), told.systemIdentifier());
        this.description = description;
        this.listener = listener;
    }

    Tally.Known known() {
        return known;
    }

    ClusterSettings settings() {
        return settings;
    }

    /** The answer that was believed last, null before the first. */
    @Nullable
    ClusterView view() {
        return view;
    }

    boolean isDegraded() {
        return degraded;
    }

    /** @return whether the lock went to somebody else, or is the first that is known */
    boolean decided(Tally.Decision decision) {
        LockProof proof = decision.proof();
        String system = proof == null ? null : proof.systemIdentifier();
        int fence = known.fence();
        if (system == null) {
            system = known.systemIdentifier();
        } else if (known.systemIdentifier() != null && !system.equals(known.systemIdentifier())) {
            LOG.warn(
                    "{} is another cluster now (system identifier {} -> {}): starting over",
                    description,
                    known.systemIdentifier(),
                    system);
            fence = 0;
            historyTimeline = 0;
            history = TimelineHistory.NONE;
        }
        // A proof only: one endpoint that writes nonsense for a timeline would else keep every later leader out.
        int shown = proof == null ? 0 : proof.timeline();
        String leader = decision.leader();
        boolean moved = view == null || !Objects.equals(leader, known.leader());
        if (moved && leader != null) {
            leaderRevision = revision + 1;
        }
        known = new Tally.Known(decision.view().lead(), Math.max(fence, shown), system);
        view = decision.view();
        publish();
        return moved;
    }

    void settings(ClusterSettings now) {
        settings = now;
        publish();
    }

    void history(int timeline, TimelineHistory whole) {
        historyTimeline = timeline;
        history = whole;
        publish();
    }

    /** @return whether the leader is known to write a later timeline than the history tells of */
    boolean historyIsOld() {
        return historyTimeline < known.fence();
    }

    void systemIdentifier(String system) {
        if (known.systemIdentifier() == null) {
            known = new Tally.Known(known.lead(), known.fence(), system);
            publish();
        }
    }

    /** Says once per silence that nothing is known any more. */
    void degraded(String reason) {
        if (degraded) {
            LOG.debug("{} still silent: {}", description, reason);
            return;
        }
        degraded = true;
        LOG.warn("{} cannot tell the leader: {}", description, reason);
        try {
            listener.degraded(reason);
        } catch (RuntimeException e) {
            LOG.error("listener of {} failed", description, e);
        }
    }

    private void publish() {
        ClusterView now = view;
        if (now == null) {
            return;
        }
        Topology next = topology(now, revision + 1);
        Topology before = published;
        if (before != null && !degraded && topology(now, before.revision()).equals(before)) {
            return;
        }
        if (degraded) {
            LOG.info("{} answers again", description);
        }
        degraded = false;
        revision++;
        published = next;
        try {
            listener.published(next);
        } catch (RuntimeException e) {
            LOG.error("listener of {} failed", description, e);
        }
    }

    private Topology topology(ClusterView now, long at) {
        ClusterSettings current = new ClusterSettings(
                settings.ttl(),
                settings.loopWait(),
                settings.retryTimeout(),
                now.paused(), // newer here than in the configuration, which is read rarely
                settings.failsafe(),
                // The settings are read once per leader, and they change under one: its role tells that, too.
                settings.standbyCluster() || now.leaderRole() == Role.STANDBY_LEADER,
                settings.synchronous());
        return new Topology(
                now.leader() == null ? null : new Leader(now.leader(), leaderRevision),
                now.members(),
                known.systemIdentifier(),
                Math.max(known.fence(), historyTimeline),
                now.switchover(),
                current,
                0,
                at,
                history);
    }
}
