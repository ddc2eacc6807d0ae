package io.github.pgbaton.internal.outcome;

import io.github.pgbaton.internal.probe.Standing;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.jspecify.annotations.Nullable;
import org.postgresql.jdbc.PgConnection;

/**
 * What one backend says of a transaction id, of itself and of its member, in one statement: said on two sessions, the
 * member could be another one in between.
 *
 * @param pid of the backend
 * @param backendStart of the backend, in microseconds since 1970 by the server's clock
 * @param standing of the member
 * @param word committed, aborted or in progress; null where it is too old, or was not asked
 */
record XidStatus(
        int pid,
        long backendStart,
        Standing standing,
        @Nullable String word) {
    static final String COMMITTED = "committed";
    static final String IN_PROGRESS = "in progress";

    /** An id that this member has not given yet. */
    static final String OF_THE_FUTURE = "22023";

    private static final String IDENTITY = "SELECT pg_catalog.pg_backend_pid(),"
            + " (SELECT (extract(epoch FROM backend_start) * 1000000)::bigint"
            + " FROM pg_catalog.pg_stat_get_activity(pg_catalog.pg_backend_pid())),"
            + " pg_catalog.pg_is_in_recovery(), pg_catalog.current_setting('transaction_read_only'),"
            + " CASE WHEN pg_catalog.pg_is_in_recovery() THEN 0 ELSE ('x' || pg_catalog.substr("
            + "pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 1, 8))::bit(32)::int END,"
            + " (SELECT system_identifier::text FROM pg_catalog.pg_control_system()), ";

    /**
     * @param session in autocommit mode
     * @param number of the transaction, null to ask for none
     * @throws SQLException PgJDBC's; 22023 where the id was never given
     */
    static XidStatus ask(PgConnection session, @Nullable String number) throws SQLException {
        String status = number == null ? "NULL" : "pg_catalog.pg_xact_status('" + number + "'::pg_catalog.xid8)";
        try (Statement statement = session.createStatement()) {
            statement.setQueryTimeout(0);
            try (ResultSet row = statement.executeQuery(IDENTITY + status)) {
                row.next();
                return new XidStatus(
                        row.getInt(1),
                        row.getLong(2),
                        new Standing(row.getBoolean(3), "on".equals(row.getString(4)), row.getInt(5), row.getString(6)),
                        row.getString(7));
            }
        }
    }
}
