package io.github.pgbaton.internal.session;

import io.github.pgbaton.internal.probe.Deadline;
import io.github.pgbaton.internal.probe.OpenSession;
import io.github.pgbaton.internal.routing.ClusterRef;
import io.github.pgbaton.pool.PoolableConnection;
import io.github.pgbaton.pool.PoolableConnection.Reattachment;
import java.sql.SQLException;
import java.time.Duration;

/**
 * Moves a connection that its user has left, from another thread; it changes nothing but in the moments in which it has
 * borrowed the turn, and the user is kept from the connection for those only.
 */
final class Reattaching {
    private final HeldSession held;
    private final Moving moving;
    private final ClusterRef cluster;

    Reattaching(HeldSession held, Moving moving) {
        this.held = held;
        this.moving = moving;
        this.cluster = held.cluster;
    }

    /** As {@link PoolableConnection#reattach}; from any thread. */
    Reattachment reattach(Duration timeout) throws SQLException {
        OpenSession dead = held.session;
        if (!held.turn.borrow()) {
            return Reattachment.IN_USE;
        }
        try {
            if (held.closed || !held.ended(dead)) {
                return Reattachment.NOT_NEEDED;
            }
            if (dead != held.session || !held.nothingToLose(dead)) {
                return Reattachment.LEFT;
            }
            held.broken(dead);
        } finally {
            held.turn.giveBack();
        }
        // The long part, in which nobody who wants to use the connection is kept from it.
        Deadline deadline = Deadline.in(timeout);
        OpenSession fresh;
        held.turn.awaited(true);
        try {
            fresh = Restoring.inBackground(cluster, deadline, held.turn::isUsers, held.arrivals);
        } catch (SQLException e) {
            if (held.closed) {
                return Reattachment.NOT_NEEDED;
            }
            if (held.turn.isUsers()) {
                return Reattachment.IN_USE;
            }
            throw e;
        } finally {
            held.turn.awaited(false);
        }
        if (!held.turn.borrow()) {
            cluster.close(fresh);
            return Reattachment.IN_USE;
        }
        try {
            return dead == held.session && held.nothingToLose(dead) && !held.closed
                    ? give(fresh, dead)
                    : unwanted(fresh);
        } finally {
            held.turn.giveBack();
        }
    }

    private Reattachment give(OpenSession fresh, OpenSession dead) throws SQLException {
        Restoring restoring = new Restoring(held);
        // Whoever wants to use the connection waits for this.
        try (Arrivals.Arrival arriving = held.arrivals.of(fresh);
                ClusterRef.Limit limit =
                        cluster.limit(fresh, Deadline.in(cluster.config().handshakeTimeout()))) {
            restoring.give(fresh);
            if (restoring.refused() != null || !limit.kept()) {
                return unwanted(fresh);
            }
        } catch (SQLException e) {
            cluster.discard(fresh);
            if (held.closed) {
                return Reattachment.NOT_NEEDED;
            }
            throw e;
        }
        cluster.discard(dead);
        try {
            moving.moveTo(fresh, dead, Duration.ZERO);
            return Reattachment.MOVED;
        } catch (SQLException e) {
            // Closed or aborted meanwhile, and so is the new session.
            return Reattachment.NOT_NEEDED;
        }
    }

    private Reattachment unwanted(OpenSession fresh) {
        cluster.close(fresh);
        return Reattachment.LEFT;
    }
}
