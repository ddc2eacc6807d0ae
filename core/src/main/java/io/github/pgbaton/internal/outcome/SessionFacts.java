package io.github.pgbaton.internal.outcome;

import io.github.pgbaton.internal.probe.Deadline;
import io.github.pgbaton.internal.probe.OpenSession;
import io.github.pgbaton.internal.probe.Standing;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.postgresql.jdbc.PgConnection;

/**
 * What one session's PostgreSQL says of its backend, of itself and of the ledger, all at one moment and in one round trip;
 * the question reads catalogs only, so it never fails because something is missing.
 *
 * @param pid of the backend
 * @param backendStart in microseconds since 1970 by the server's clock; with the pid it names the backend for good
 * @param standing of the member
 * @param ledger whether it is usable
 * @param role that asked
 * @param xids whether the role may ask for a transaction's id, and what became of it
 * @param alone whether the server waits for no synchronous standby
 * @param ledgerOid of the table, 0 where there is none: another one's tokens were left elsewhere
 * @param ledgerVersion changes with the table's definition, and is empty where there is none
 */
record SessionFacts(
        int pid,
        long backendStart,
        Standing standing,
        LedgerStatus ledger,
        String role,
        boolean xids,
        boolean alone,
        long ledgerOid,
        String ledgerVersion) {
    private static final String ANEW = "; drop it, and create it anew with ./run ledger create";

    private static final String CREATE_IT =
            "; create it with ./run ledger create, or with the SQL of" + " docs/transaction-replay.md";

    private static final String INSUFFICIENT_PRIVILEGE = "42501";

    private static final int OLDEST_SERVER = 130000;

    private static final String TIMELINE = "CASE WHEN pg_is_in_recovery() THEN 0 ELSE"
            + " ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int END, ";

    private static final String SYSTEM = "(SELECT system_identifier::text FROM pg_control_system())";

    /**
     * The end of a promotion writes and flushes the control file under a lock, and whoever reads it then waits for the disk: a
     * session that has said to which cluster it belongs is not asked again.
     */
    private static final String SYSTEM_KNOWN = "NULL::text";

    /** A %s is where the functions go that somebody may have revoked. */
    private static final String OWN = "SELECT pg_backend_pid(),"
            + " (SELECT (extract(epoch FROM backend_start) * 1000000)::bigint FROM pg_stat_get_activity(pg_backend_pid())),"
            + " pg_is_in_recovery(), current_setting('transaction_read_only'), %s,"
            + " current_user, current_setting('synchronous_standby_names') = '',"
            + " coalesce(c.oid::bigint, 0), coalesce(c.xmin::text, '')";

    /** It loads much of the catalog into a new backend: about four fifths of what the whole question costs there. */
    private static final String COMMON =
            ", n.oid IS NOT NULL, c.oid IS NOT NULL, coalesce(c.relkind = 'r' AND c.relpersistence = 'p', false),"
                    + " coalesce(c.relhastriggers OR c.relhasrules OR c.relrowsecurity, false),"
                    + " (SELECT string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod)"
                    + " || coalesce(' = ' || pg_get_expr(d.adbin, d.adrelid), ''), '; ' ORDER BY a.attnum)"
                    + " FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum"
                    + " WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),"
                    + " EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary AND i.indimmediate"
                    + " AND i.indisvalid AND i.indkey::text = '1'),"
                    + " obj_description(c.oid, 'pg_class'),"
                    + " coalesce(has_schema_privilege(n.oid, 'USAGE'), false),"
                    + " coalesce(has_column_privilege(c.oid, 1::smallint, 'INSERT')"
                    + " AND has_column_privilege(c.oid, 2::smallint, 'INSERT'), false),"
                    + " coalesce(has_column_privilege(c.oid, 1::smallint, 'SELECT')"
                    + " AND has_column_privilege(c.oid, 2::smallint, 'SELECT'), false),"
                    + " EXISTS (SELECT FROM pg_proc p WHERE p.pronamespace = n.oid AND p.proname = 'purge'"
                    + " AND has_function_privilege(p.oid, 'EXECUTE')),"
                    + " current_database(),"
                    // Older servers have some of them under another name only.
                    + " (SELECT count(DISTINCT p.proname) = 3 AND bool_and(has_function_privilege(p.oid, 'EXECUTE'))"
                    + " FROM pg_proc p WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.proname IN"
                    + " ('pg_current_xact_id_if_assigned', 'pg_xact_status', 'pg_logical_emit_message'))";

    private static final String TABLE = " FROM (SELECT) one LEFT JOIN pg_namespace n ON n.nspname = 'pgbaton'"
            + " LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = 'tx'";

    private static final String QUESTION = OWN + COMMON + TABLE;

    private static final String BRIEF = OWN + TABLE;

    /**
     * @param session outside a transaction; it is so afterwards too, also where it is not in autocommit mode
     * @param deadline for the answer
     * @return what it says
     * @throws SQLException PgJDBC's
     */
    static SessionFacts ask(PgConnection session, Deadline deadline) throws SQLException {
        return ask(session, null, deadline);
    }

    /** As {@link #ask}, but for what the session has said before. */
    static SessionFacts ask(OpenSession session, Deadline deadline) throws SQLException {
        return ask(session.connection(), session.systemIdentifier(), deadline);
    }

    private static SessionFacts ask(PgConnection session, @Nullable String system, Deadline deadline)
            throws SQLException {
        try (Calm calm = new Calm(session, deadline)) {
            return ask(session, system);
        }
    }

    /** As {@link #ask}, of a member that may be the primary soon; whoever calls has set a deadline. */
    static SessionFacts rehearse(OpenSession session) throws SQLException {
        return ask(session.connection(), session.systemIdentifier());
    }

    private static SessionFacts ask(PgConnection session, @Nullable String system) throws SQLException {
        try {
            return ask(session, QUESTION, system, null);
        } catch (SQLException e) {
            if (INSUFFICIENT_PRIVILEGE.equals(e.getSQLState())) {
                return read(session, QUESTION.formatted("0, NULL::text"), null, null);
            }
            throw e;
        }
    }

    /**
     * As {@link #ask}, but only for what is a session's own.
     *
     * @param known what another session of the same member was told
     * @param session outside a transaction; it is so afterwards too
     * @param deadline for the answer
     * @return its own facts, with the rest of the other one's; null where these may not hold for it
     * @throws SQLException PgJDBC's
     */
    static @Nullable SessionFacts askOwn(SessionFacts known, OpenSession session, Deadline deadline)
            throws SQLException {
        try (Calm calm = new Calm(session.connection(), deadline)) {
            SessionFacts own = ask(session.connection(), BRIEF, session.systemIdentifier(), known);
            return own.commonWith(known) ? own : null;
        } catch (SQLException e) {
            if (INSUFFICIENT_PRIVILEGE.equals(e.getSQLState())) {
                return null;
            }
            throw e;
        }
    }

    /** The same primary, be it that it was none yet, the same role and the same definition of the ledger. */
    private boolean commonWith(SessionFacts other) {
        return standing.timeline() > 0
                && (standing.timeline() == other.standing.timeline() || other.standing.inRecovery())
                && standing.systemIdentifier() != null
                && standing.systemIdentifier().equals(other.standing.systemIdentifier())
                && role.equals(other.role)
                && ledgerOid == other.ledgerOid
                && ledgerVersion.equals(other.ledgerVersion);
    }

    /** Whether there is nothing that somebody may just be mending, and wants to be noticed at once. */
    boolean settled() {
        return xids && (ledger instanceof LedgerStatus.Usable || ledgerOid == 0);
    }

    SessionFacts with(LedgerStatus found) {
        return new SessionFacts(pid, backendStart, standing, found, role, xids, alone, ledgerOid, ledgerVersion);
    }

    /** Why nothing can be concluded from a transaction id, null where it can. */
    @Nullable
    String noXid() {
        if (!xids) {
            return "role " + role + " may not execute pg_current_xact_id_if_assigned, pg_xact_status or"
                    + " pg_logical_emit_message, or the server is older than PostgreSQL 13";
        }
        if (standing.inRecovery()) {
            return "a standby gives no transaction ids";
        }
        return standing.timeline() > 0 && standing.systemIdentifier() != null
                ? null
                : "role " + role + " may not execute pg_walfile_name or pg_control_system";
    }

    private static SessionFacts ask(
            PgConnection session, String question, @Nullable String system, @Nullable SessionFacts known)
            throws SQLException {
        return read(session, question.formatted(TIMELINE + (system == null ? SYSTEM : SYSTEM_KNOWN)), system, known);
    }

    private static SessionFacts read(
            PgConnection session, String question, @Nullable String system, @Nullable SessionFacts known)
            throws SQLException {
        try (Statement statement = session.createStatement();
                ResultSet row = statement.executeQuery(question)) {
            row.next();
            return new SessionFacts(
                    row.getInt(1),
                    row.getLong(2),
                    new Standing(
                            row.getBoolean(3),
                            "on".equals(row.getString(4)),
                            row.getInt(5),
                            system == null ? row.getString(6) : system),
                    known == null ? ledger(row, session.haveMinimumServerVersion(OLDEST_SERVER)) : known.ledger,
                    row.getString(7),
                    known == null ? row.getBoolean(23) : known.xids,
                    row.getBoolean(8),
                    row.getLong(9),
                    row.getString(10));
        }
    }

    private static LedgerStatus ledger(ResultSet row, boolean newEnough) throws SQLException {
        String database = " in database " + row.getString(22);
        if (!newEnough) {
            return new LedgerStatus.Unusable("the ledger needs PostgreSQL 13 or newer");
        }
        if (!row.getBoolean(12)) {
            return new LedgerStatus.Unusable("there is no table pgbaton.tx" + database + CREATE_IT);
        }
        LedgerSql.Layout layout = LedgerSql.layout(row.getString(17));
        if (layout != null && layout.version() != LedgerSql.VERSION) {
            return new LedgerStatus.Unusable("pgbaton.tx" + database + " has layout " + layout.version()
                    + " and this driver works with layout " + LedgerSql.VERSION
                    + "; use the driver that goes with it, or drop the table and create it anew");
        }
        String wrong = wrong(row, layout);
        if (wrong != null) {
            return new LedgerStatus.Unusable(
                    "pgbaton.tx" + database + " is not the ledger that this driver works with: " + wrong + ANEW);
        }
        String missing = missingPrivileges(row);
        if (!missing.isEmpty()) {
            return new LedgerStatus.Unusable("role " + row.getString(7) + " lacks " + missing + database
                    + "; grant it, or run ./run ledger create, which does");
        }
        return new LedgerStatus.Usable(Objects.requireNonNull(layout).retention(), row.getBoolean(21));
    }

    private static @Nullable String wrong(ResultSet row, LedgerSql.@Nullable Layout layout) throws SQLException {
        if (!row.getBoolean(13)) {
            return "it is not an ordinary logged table";
        }
        if (row.getBoolean(14)) {
            // Whatever keeps a token out makes a committed transaction look like one that was not.
            return "it has triggers, rules or row security";
        }
        if (!LedgerSql.COLUMNS.equals(row.getString(15))) {
            return "its columns are (" + row.getString(15) + "), expected (" + LedgerSql.COLUMNS + ")";
        }
        if (!row.getBoolean(16)) {
            return "token is not its primary key";
        }
        if (layout == null) {
            return "its comment does not tell layout and retention";
        }
        Duration retention = layout.retention();
        if (retention.compareTo(LedgerSql.LEAST_RETENTION) < 0) {
            return "its retention of " + retention.toSeconds() + " s is less than "
                    + LedgerSql.LEAST_RETENTION.toSeconds() + " s";
        }
        return null;
    }

    private static String missingPrivileges(ResultSet row) throws SQLException {
        List<String> missing = new ArrayList<>();
        if (!row.getBoolean(18)) {
            missing.add("USAGE on schema pgbaton");
        }
        if (!row.getBoolean(19)) {
            missing.add("INSERT (token, kind) on pgbaton.tx");
        }
        if (!row.getBoolean(20)) {
            missing.add("SELECT (token, kind) on pgbaton.tx");
        }
        return String.join(" and ", missing);
    }
}
