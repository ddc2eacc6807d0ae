package io.github.pgbaton.internal.session;

import io.github.pgbaton.internal.probe.Deadline;
import io.github.pgbaton.internal.routing.ClusterRef;
import io.github.pgbaton.internal.session.LogicalSession.Caller;
import java.sql.SQLException;
import java.sql.SQLTimeoutException;
import java.sql.SQLTransientException;
import java.time.Duration;

/**
 * How long one call may wait for a primary: to {@code failoverTimeout} or its own query time-out, whichever is first, or
 * until another thread cancels it; nothing was sent for it yet, and so nothing is left to cancel on a server.
 */
final class Patience {
    /** A call that has no limit of its own and that nobody can cancel. */
    static final Caller NONE = new Caller() {
        @Override
        public int queryTimeoutSeconds() {
            return 0;
        }

        @Override
        public void waitCancelled(boolean value) {}

        @Override
        public boolean waitCancelled() {
            return false;
        }
    };

    private static final String QUERY_CANCELED = "57014";

    private final Caller caller;
    private final String cluster;
    private final Deadline deadline;
    private final boolean ownLimit;

    Patience(Caller caller, ClusterRef cluster) {
        this.caller = caller;
        this.cluster = cluster.name();
        Duration most = cluster.failoverTimeout();
        Duration own = Duration.ofSeconds(caller.queryTimeoutSeconds());
        this.ownLimit = !own.isZero() && own.compareTo(most) < 0;
        this.deadline = Deadline.in(ownLimit ? own : most);
        caller.waitCancelled(false);
    }

    Deadline deadline() {
        return deadline;
    }

    Duration elapsed() {
        return deadline.length().minusNanos(deadline.leftNanos());
    }

    /** What the application is told of a wait that ended without a session. */
    SQLException explain(SQLException failure) {
        if (caller.waitCancelled()) {
            return cancelled(failure);
        }
        return ownLimit && deadline.passed() ? timeout(failure) : failure;
    }

    /** @throws SQLException 57014 where the wait was cancelled, or took the whole time of the call */
    void check() throws SQLException {
        if (caller.waitCancelled()) {
            throw cancelled(null);
        }
        if (ownLimit && deadline.passed()) {
            throw timeout(null);
        }
    }

    /** Whether the caller itself wanted to wait no longer. */
    static boolean ended(SQLException failure) {
        return QUERY_CANCELED.equals(failure.getSQLState());
    }

    private SQLException cancelled(@org.jspecify.annotations.Nullable SQLException cause) {
        caller.waitCancelled(false);
        return new SQLTransientException(
                "cancelled while it waited for the primary of " + cluster + "; nothing was sent",
                QUERY_CANCELED,
                cause);
    }

    private SQLException timeout(@org.jspecify.annotations.Nullable SQLException cause) {
        return new SQLTimeoutException(
                "the query time-out of " + caller.queryTimeoutSeconds()
                        + " s passed while the call waited for the primary of " + cluster
                        + "; nothing was sent. Raise it above the length of a failover to wait longer",
                QUERY_CANCELED,
                cause);
    }
}
