package io.github.pgbaton.internal.outcome;

import io.github.pgbaton.internal.probe.Deadline;
import java.sql.SQLException;
import java.util.concurrent.Executor;
import org.postgresql.jdbc.PgConnection;

/**
 * Makes a session fit for the driver's own questions for a while: in autocommit mode, and no answer takes longer than a
 * deadline; what the application had set is back afterwards. The session is outside a transaction.
 */
final class Calm implements AutoCloseable {
    private static final Executor DIRECT = Runnable::run;

    private final PgConnection session;
    private final boolean autoCommit;
    private final int timeout;

    Calm(PgConnection session, Deadline deadline) throws SQLException {
        this.session = session;
        this.autoCommit = session.getAutoCommit();
        this.timeout = session.getNetworkTimeout();
        // Two milliseconds later, so that what is cut short by the deadline is seen to end after it. The application's
        // own
        // limit does not count: it is made for its statements, and here a lock or a standby is waited for.
        long left = Math.max(deadline.leftNanos() / 1_000_000, 1) + 2;
        session.setNetworkTimeout(DIRECT, (int) Math.min(left, Integer.MAX_VALUE));
        if (!autoCommit) {
            session.setAutoCommit(true);
        }
    }

    @Override
    public void close() throws SQLException {
        if (session.isClosed()) {
            return;
        }
        session.setNetworkTimeout(DIRECT, timeout);
        if (!autoCommit) {
            session.setAutoCommit(false);
        }
    }
}
