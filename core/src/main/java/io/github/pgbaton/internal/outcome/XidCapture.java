package io.github.pgbaton.internal.outcome;

import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGStatement;
import org.postgresql.jdbc.AutoSave;
import org.postgresql.jdbc.PgConnection;
import org.postgresql.jdbc.PreferQueryMode;

/**
 * Asks a transaction for its id, in one round trip, just before its COMMIT; one that has none gets none by this, unless its
 * COMMIT may yet change something. Where a session mostly reads, it is spared the question.
 *
 * <p>The message that it writes bears the id. A member whose WAL reaches past it has counted its own ids past this one, and
 * so never gives it to another transaction; without the message, an id may be in no record before the COMMIT's.
 *
 * <p>Lives on the thread that uses the session, and ends with it.
 */
final class XidCapture {
    static final String SQL = "SELECT x::pg_catalog.text,"
            + " CASE WHEN x IS NOT NULL THEN pg_catalog.pg_logical_emit_message(true, 'pgbaton', '') END,"
            + " CASE WHEN x IS NOT NULL THEN ('x' || pg_catalog.substr(pg_catalog.pg_walfile_name("
            + "pg_catalog.pg_current_wal_insert_lsn()), 1, 8))::pg_catalog.bit(32)::pg_catalog.int4 END,"
            + " " + Barrier.AUDIBLE
            + " FROM (SELECT coalesce(pg_catalog.pg_current_xact_id_if_assigned(), CASE WHEN " + HeldCursors.EXIST
            + " THEN pg_catalog.pg_current_xact_id() END) AS x) AS transaction";

    /**
     * Commits a transaction that has changed nothing and will not, and no other: where it has an id or may get one, the
     * SELECT fails, and PostgreSQL skips what is behind it under the same Sync.
     */
    static final String COMMIT_UNCHANGED = "SAVEPOINT pgbaton_unchanged;"
            + " SELECT ('pgbaton commits nothing before it knows transaction ' || x)::pg_catalog.int4"
            + " FROM (SELECT coalesce(pg_catalog.pg_current_xact_id_if_assigned()::pg_catalog.text, CASE WHEN "
            + HeldCursors.EXIST + " THEN 'of a held cursor' END) AS x) AS transaction; COMMIT";

    private static final String HAS_AN_ID = "22P02";

    private final PgConnection connection;
    private @Nullable PreparedStatement statement;
    private @Nullable PreparedStatement unchanged;
    /** Whether the latest transaction of this session had changed nothing: mostly the next one will not either. */
    private boolean reads;

    XidCapture(PgConnection connection) {
        this.connection = connection;
    }

    /**
     * @param member the session's, as Patroni names it
     * @param witness that is there already
     * @return null where the transaction has changed nothing
     * @throws SQLException PgJDBC's; the COMMIT was not sent then
     */
    @Nullable
    Xid take(@Nullable String member, @Nullable Witness witness) throws SQLException {
        PreparedStatement question = prepared(statement, SQL);
        statement = question;
        AutoSave autosave = connection.getAutosave();
        if (autosave != AutoSave.NEVER) {
            connection.setAutosave(AutoSave.NEVER);
        }
        try (ResultSet row = question.executeQuery()) {
            row.next();
            String number = row.getString(1);
            reads = number == null;
            return number == null ? null : new Xid(number, lsn(row.getString(2)), row.getInt(3), member, witness);
        } finally {
            if (autosave != AutoSave.NEVER) {
                connection.setAutosave(autosave);
            }
        }
    }

    /** Whether it is worth trying {@link #commitUnchanged}: simple queries have no Sync that could skip the COMMIT. */
    boolean reads() {
        return reads && connection.getPreferQueryMode() != PreferQueryMode.SIMPLE;
    }

    /**
     * @return whether the transaction was committed; else it has changed something, and is open as it was
     * @throws SQLException PgJDBC's; where the session broke, nothing was committed, or there was nothing to commit
     */
    boolean commitUnchanged() throws SQLException {
        PreparedStatement commit = prepared(unchanged, COMMIT_UNCHANGED);
        unchanged = commit;
        AutoSave autosave = connection.getAutosave();
        if (autosave != AutoSave.NEVER) {
            connection.setAutosave(AutoSave.NEVER);
        }
        try {
            commit.execute();
            return true;
        } catch (SQLException e) {
            if (!HAS_AN_ID.equals(e.getSQLState()) || connection.isClosed()) {
                throw e;
            }
            reads = false;
            try (Statement back = connection.createStatement()) {
                back.setQueryTimeout(0);
                back.execute("ROLLBACK TO SAVEPOINT pgbaton_unchanged");
            }
            return false;
        } finally {
            if (autosave != AutoSave.NEVER && !connection.isClosed()) {
                connection.setAutosave(autosave);
            }
        }
    }

    private PreparedStatement prepared(@Nullable PreparedStatement known, String sql) throws SQLException {
        if (known != null && !known.isClosed()) {
            return known;
        }
        PreparedStatement made = connection.prepareStatement(sql);
        if (connection.getPrepareThreshold() > 0) {
            made.unwrap(PGStatement.class).setPrepareThreshold(1);
        }
        made.setQueryTimeout(0);
        return made;
    }

    /** As PostgreSQL writes it: two halves in hexadecimal. */
    static long lsn(String text) {
        int slash = text.indexOf('/');
        return Long.parseLong(text, 0, slash, 16) << 32 | Long.parseLong(text, slash + 1, text.length(), 16);
    }
}
