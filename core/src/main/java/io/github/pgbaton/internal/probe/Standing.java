package io.github.pgbaton.internal.probe;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.jspecify.annotations.Nullable;
import org.postgresql.jdbc.PgConnection;

/**
 * What a member's PostgreSQL says of itself over one session.
 *
 * @param inRecovery whether it is a standby still
 * @param readOnly whether a new transaction of this session would be read-only for another reason
 * @param timeline the one it writes WAL on; 0 in recovery or where it may not be asked
 * @param systemIdentifier the cluster's, null where it may not be asked
 */
public record Standing(
        boolean inRecovery,
        boolean readOnly,
        int timeline,
        @Nullable String systemIdentifier) {

    /**
     * Everything in one round trip. The timeline comes from the WAL file's name, since {@code pg_control_checkpoint}
     * still shows the old one until the first checkpoint after a promotion (measured). All functions are executable by
     * PUBLIC unless somebody revoked it.
     */
    private static final String TIMELINE = "SELECT pg_is_in_recovery(), current_setting('transaction_read_only'),"
            + " CASE WHEN pg_is_in_recovery() THEN 0 ELSE"
            + " ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int END,";

    private static final String FULL = TIMELINE + " (SELECT system_identifier::text FROM pg_control_system())";

    /**
     * Without the control file: the end of a promotion writes and flushes it under a lock, and who reads it then waits
     * for the disk although writes are taken already.
     */
    private static final String AGAIN = TIMELINE + " NULL::text";

    /** Whether WAL waits to be replayed; null once that is over. */
    private static final String LAGS = "(CASE WHEN pg_catalog.pg_is_in_recovery() THEN NOT coalesce("
            + "pg_catalog.pg_last_wal_replay_lsn() >= pg_catalog.pg_last_wal_receive_lsn(), false) END)";

    /**
     * Looks, sleeps and looks again on the server. CASE has it sleep before it looks, and what depends on the row before is
     * evaluated for each. The promotion does not end the transaction of a standby's session, only its question.
     */
    private static String watch(long pauseMillis, long looks) {
        return "WITH RECURSIVE look(n, lags) AS (SELECT 1, " + LAGS
                + " UNION ALL SELECT n + 1, CASE WHEN pg_catalog.pg_sleep(" + pauseMillis
                + " / 1000.0) IS NOT NULL THEN " + LAGS + " END FROM look WHERE NOT lags AND n < " + looks
                + ") SELECT coalesce(bool_or(lags), false) FROM look";
    }

    private static final String BRIEF =
            "SELECT pg_is_in_recovery(), current_setting('transaction_read_only'), 0, NULL::text";

    private static final String INSUFFICIENT_PRIVILEGE = "42501";

    /** @return whether it takes writes now */
    public boolean writable() {
        return !inRecovery && !readOnly;
    }

    /**
     * Asks over SQL: one round trip, two where the functions are revoked.
     *
     * @param session outside a transaction
     * @return the answer
     * @throws SQLException PgJDBC's
     */
    public static Standing ask(PgConnection session) throws SQLException {
        try {
            return query(session, FULL);
        } catch (SQLException e) {
            if (INSUFFICIENT_PRIVILEGE.equals(e.getSQLState())) {
                return query(session, BRIEF);
            }
            throw e;
        }
    }

    /**
     * Asks a session again that was asked before, in one round trip; a session stays with its cluster.
     *
     * @param session outside a transaction
     * @param before what it said
     * @return what it says now
     * @throws SQLException PgJDBC's
     */
    public static Standing again(PgConnection session, Standing before) throws SQLException {
        String system = before.systemIdentifier;
        if (system == null) {
            return ask(session);
        }
        Standing now = query(session, AGAIN);
        return new Standing(now.inRecovery, now.readOnly, now.timeline, system);
    }

    /**
     * Returns when a standby has been promoted, or the time is up: {@link #again} tells which. One round trip, whose answer
     * comes as soon as the server sees it.
     *
     * <p>A standby that has WAL to replay is left alone: the snapshot of a query that goes on for so long could conflict with
     * what is replayed, and hold up the very promotion that it waits for.
     *
     * @param session outside a transaction
     * @param pauseMillis between two looks, 1 or more
     * @param longestMillis how long it looks
     * @return false where it has not waited, or not to the end, because there is WAL to replay
     * @throws SQLException PgJDBC's
     */
    public static boolean awaitPromotion(PgConnection session, long pauseMillis, long longestMillis)
            throws SQLException {
        try (Statement statement = session.createStatement();
                ResultSet row = statement.executeQuery(watch(pauseMillis, longestMillis / pauseMillis + 1))) {
            row.next();
            return !row.getBoolean(1);
        }
    }

    /**
     * @param session outside a transaction
     * @return whether a standby has replayed all WAL that it was sent
     * @throws SQLException PgJDBC's
     */
    public static boolean replayedAll(PgConnection session) throws SQLException {
        try (Statement statement = session.createStatement();
                ResultSet row = statement.executeQuery("SELECT NOT " + LAGS)) {
            row.next();
            return row.getBoolean(1);
        }
    }

    /**
     * Reads what the server reported at connect, without a round trip.
     *
     * @param session opened just now: PostgreSQL does not push a change of these while a session is idle
     * @return the answer without timeline, or null before PostgreSQL 14, which does not report it
     */
    public static @Nullable Standing reported(PgConnection session) {
        String standby = session.getParameterStatus("in_hot_standby");
        String readOnly = session.getParameterStatus("default_transaction_read_only");
        if (standby == null || readOnly == null) {
            return null;
        }
        return new Standing("on".equals(standby), "on".equals(readOnly), 0, null);
    }

    private static Standing query(PgConnection session, String sql) throws SQLException {
        try (Statement statement = session.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return new Standing(row.getBoolean(1), "on".equals(row.getString(2)), row.getInt(3), row.getString(4));
        }
    }
}
