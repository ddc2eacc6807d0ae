package io.github.pgbaton.internal.replay;

import io.github.pgbaton.internal.probe.MissingGuard;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGResultSetMetaData;
import org.postgresql.jdbc.PgResultSet;

/**
 * What an application has seen of one result: a digest of its columns and of the rows it went over, how many, and whether
 * it saw the end; holds no data.
 *
 * <p>A row counts as seen once {@code next()} has reached it, whichever of its columns were read. Not thread-safe: lives on
 * the thread that reads the result.
 */
public final class Rows {
    private static final long START = 1;
    /** PostgreSQL's own types have numbers below this, the same ones on every member of a cluster. */
    private static final int FIRST_OF_USERS = 16384;

    private long digest = START;
    private long seen;
    private int columns;
    private int verified;
    private boolean binary;
    private boolean ended;
    private final @Nullable SequenceValue drawn;

    /** Of any result. */
    public Rows() {
        this(null);
    }

    /** @param drawn is told the value, where it is the result of drawing one */
    public Rows(@Nullable SequenceValue drawn) {
        this.drawn = drawn;
    }

    /**
     * The application went on to a row.
     *
     * @param raw PgJDBC's result, on that row
     * @throws SQLException PgJDBC's
     */
    public void row(ResultSet raw) throws SQLException {
        if (seen == 0) {
            describe(raw);
            if (drawn != null) {
                drawn.seen(raw.getLong(1));
            }
        }
        long now = digest;
        for (int column = 1; column <= columns; column++) {
            // What came over the wire: neither copied nor converted, but for bytea in text format.
            now = Digest.add(now, raw.getBytes(column));
        }
        digest = now;
        seen++;
    }

    /** By what came with the rows: of a type that it does not know PgJDBC would ask the server, in the middle of {@code next()}. */
    private void describe(ResultSet raw) throws SQLException {
        ResultSetMetaData description = raw.getMetaData();
        PgResultSet numbered = (PgResultSet) raw;
        columns = description.getColumnCount();
        long now = Digest.add(digest, columns);
        PGResultSetMetaData formats = (PGResultSetMetaData) description;
        for (int column = 1; column <= columns; column++) {
            now = Digest.add(now, description.getColumnLabel(column));
            int type = numbered.getColumnOID(column);
            // One that the transaction itself has made has another number when it is made again.
            now = Digest.add(now, type < FIRST_OF_USERS ? type : FIRST_OF_USERS);
            boolean inBinary = formats.getFormat(column) == 1;
            now = Digest.add(now, inBinary ? 1 : 0);
            binary |= inBinary;
        }
        digest = now;
    }

    /** The application saw that there are no more rows. */
    public void end() {
        ended = true;
    }

    /** @return whether values came in binary: only then do the bytes of a replay compare if they come in binary, too */
    public boolean binary() {
        return binary;
    }

    /**
     * Goes over the same rows of a result anew; it then stands where the first one stood.
     *
     * @param fresh PgJDBC's, before its first row
     * @throws ReplayMismatchException where its rows differ from those seen
     * @throws SQLException PgJDBC's
     */
    public void verify(ResultSet fresh) throws SQLException {
        boolean unchecked = MissingGuard.DIGEST && verified++ > 0;
        Rows again = new Rows();
        while (again.seen < seen) {
            if (!fresh.next()) {
                throw new ReplayMismatchException(
                        "it returned " + again.seen + " of the " + seen + " rows seen before");
            }
            again.row(fresh);
        }
        if (again.digest != digest && !unchecked) {
            throw new ReplayMismatchException(
                    seen == 1
                            ? "it returned another row than the one seen before"
                            : "one of the " + seen + " rows seen before has changed");
        }
        if (ended && fresh.next()) {
            throw new ReplayMismatchException("it returned more than the " + seen + " rows seen before");
        }
    }
}
