package io.github.pgbaton.internal.probe;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.jspecify.annotations.Nullable;
import org.postgresql.jdbc.PgConnection;

/**
 * How far a member's PostgreSQL is in the WAL, by its own word over one session.
 *
 * @param inRecovery whether it is a standby
 * @param position of the last record that it has replayed, or on a primary written, in bytes; -1 where it does not tell
 * @param received how far it has received WAL from its upstream, in bytes; -1 where it does not tell
 * @param timeline the newest one that it is known to be on, which on a standby may be out of date; 0 where unknown
 * @param upstreamTimeline the one it receives now; 0 where it receives nothing, and for a role without
 *     {@code pg_read_all_stats}
 * @param systemIdentifier the cluster's, null where it may not be asked
 */
public record Progress(
        boolean inRecovery,
        long position,
        long received,
        int timeline,
        int upstreamTimeline,
        @Nullable String systemIdentifier) {

    /**
     * Everything in one round trip. A standby tells its timeline to privileged roles only; what its control file says is
     * as old as its last restartpoint, or as the last page it has written since. All functions are executable by PUBLIC
     * unless somebody revoked it.
     */
    private static final String QUESTION =
            "SELECT r, (CASE WHEN r THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn()"
                    + " END - '0/0'::pg_lsn)::bigint, (pg_last_wal_receive_lsn() - '0/0'::pg_lsn)::bigint,"
                    + " CASE WHEN r THEN greatest((SELECT timeline_id FROM pg_control_checkpoint()),"
                    + " (SELECT min_recovery_end_timeline FROM pg_control_recovery()), u) ELSE"
                    + " ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int END, coalesce(u, 0),"
                    + " (SELECT system_identifier::text FROM pg_control_system())"
                    + " FROM (SELECT pg_is_in_recovery() AS r, (SELECT received_tli FROM pg_stat_wal_receiver) AS u) now";

    private static final String BRIEF = "SELECT pg_is_in_recovery(), NULL::bigint, NULL::bigint, 0, 0, NULL::text";

    private static final String INSUFFICIENT_PRIVILEGE = "42501";

    /**
     * @param session outside a transaction
     * @return the answer
     * @throws SQLException PgJDBC's
     */
    public static Progress ask(PgConnection session) throws SQLException {
        try {
            return query(session, QUESTION);
        } catch (SQLException e) {
            if (INSUFFICIENT_PRIVILEGE.equals(e.getSQLState())) {
                return query(session, BRIEF);
            }
            throw e;
        }
    }

    private static Progress query(PgConnection session, String sql) throws SQLException {
        try (Statement statement = session.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return new Progress(
                    row.getBoolean(1),
                    position(row, 2),
                    position(row, 3),
                    row.getInt(4),
                    row.getInt(5),
                    row.getString(6));
        }
    }

    private static long position(ResultSet row, int column) throws SQLException {
        long bytes = row.getLong(column);
        return row.wasNull() ? -1 : bytes;
    }
}
