package io.github.pgbaton.internal.outcome;

import io.github.pgbaton.internal.probe.Deadline;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.Statement;
import org.jspecify.annotations.Nullable;
import org.postgresql.jdbc.PgConnection;
import org.postgresql.util.PSQLWarning;
import org.postgresql.util.ServerErrorMessage;

/**
 * Makes up for a wait for the synchronous standby that was cut short: when the barrier has passed, everything that was
 * committed on this member before it is on the standby too, because WAL is sequential.
 *
 * <p>PostgreSQL commits locally when it is told to stop waiting, says OK, and warns. So an OK with that warning is no
 * acknowledgement yet.
 */
public final class Barrier {
    /**
     * Has PostgreSQL send its warning also to a session that asked for errors only, until the transaction ends; true, and to
     * be evaluated inside of what is to be heard. Without the warning a cancelled wait passes for an acknowledgement.
     */
    static final String AUDIBLE = "CASE WHEN pg_catalog.current_setting('client_min_messages') = 'error'"
            + " THEN pg_catalog.set_config('client_min_messages', 'warning', true) IS NOT NULL ELSE true END";

    /** Has a transaction wait for the standby as others do, though its session asked for no wait. */
    static final String WAITING = "CASE WHEN pg_catalog.current_setting('synchronous_commit') IN ('off', 'local')"
            + " THEN pg_catalog.set_config('synchronous_commit', 'on', true) IS NOT NULL ELSE true END";

    /** A transactional message gives the statement a transaction of its own that waits as a COMMIT does; it needs no privilege. */
    static final String SQL =
            "SELECT pg_catalog.pg_logical_emit_message(true, 'pgbaton', ''), " + AUDIBLE + ", " + WAITING;

    private static final String ROUTINE = "SyncRepWaitForLSN";

    private Barrier() {}

    /**
     * @param warning the first of those that came with an OK, null for none
     * @return whether the server committed without its synchronous standby
     */
    public static boolean needed(@Nullable SQLWarning warning) {
        return needed(warning, null);
    }

    /**
     * @param warning the first of a chain, null for none
     * @param last where to begin behind, null for the beginning
     */
    static boolean needed(@Nullable SQLWarning warning, @Nullable SQLWarning last) {
        boolean counts = last == null;
        for (SQLWarning w = warning; w != null; w = w.getNextWarning()) {
            if (counts && w instanceof PSQLWarning fromServer) {
                ServerErrorMessage message = fromServer.getServerErrorMessage();
                if (message != null && ROUTINE.equals(message.getRoutine())) {
                    return true;
                }
            }
            counts |= w == last;
        }
        return false;
    }

    /**
     * Commits the open transaction as PgJDBC does.
     *
     * @param session not in autocommit mode
     * @return whether the server committed without its synchronous standby
     * @throws SQLException PgJDBC's
     */
    public static boolean neededAfterCommit(PgConnection session) throws SQLException {
        SQLWarning last = session.getWarnings();
        while (last != null && last.getNextWarning() != null) {
            last = last.getNextWarning();
        }
        session.commit();
        return needed(session.getWarnings(), last);
    }

    /**
     * Waits until everything that this member has committed is on its synchronous standby, where it has one.
     *
     * @param session outside a transaction; it is broken afterwards where the deadline passed
     * @param deadline of the wait
     * @throws SQLException PgJDBC's; and 40003 where the server gave up this wait too. Nothing is known then
     */
    public static void pass(PgConnection session, Deadline deadline) throws SQLException {
        try (Calm calm = new Calm(session, deadline);
                Statement statement = session.createStatement()) {
            // Cancelled, it would end with the very warning that it is to make up for.
            statement.setQueryTimeout(0);
            try (ResultSet done = statement.executeQuery(SQL)) {
                if (needed(statement.getWarnings())) {
                    throw new SQLException("the wait for the synchronous standby was cut short again", "40003");
                }
            }
        }
    }
}
