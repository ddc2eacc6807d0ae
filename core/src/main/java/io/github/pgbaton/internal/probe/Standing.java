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

    /**
     * Looks, sleeps and looks again on the server. CASE has it sleep before it looks, and what depends on the row before is
     * evaluated for each. The promotion does not end the transaction of a standby's session, only its question.
     */
    private static final String WATCH = "WITH RECURSIVE look(n, standby) AS (SELECT 1, pg_catalog.pg_is_in_recovery()"
            + " UNION ALL SELECT n + 1, CASE WHEN pg_catalog.pg_sleep(%d / 1000.0) IS NULL THEN true"
            + " ELSE pg_catalog.pg_is_in_recovery() END FROM look WHERE standby AND n < %d) SELECT count(*) FROM look";

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
     * @param session outside a transaction
     * @param pauseMillis between two looks, 1 or more
     * @param longestMillis how long it looks
     * @throws SQLException PgJDBC's
     */
    public static void awaitPromotion(PgConnection session, long pauseMillis, long longestMillis) throws SQLException {
        long looks = longestMillis / pauseMillis + 1;
        try (Statement statement = session.createStatement()) {
            statement.execute(WATCH.formatted(pauseMillis, looks));
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
