package io.github.pgbaton.internal.jdbc;

import io.github.pgbaton.internal.replay.Rows;
import io.github.pgbaton.internal.session.LogicalSession;
import io.github.pgbaton.internal.session.LogicalSession.CallKind;
import java.sql.Blob;
import java.sql.Clob;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.Statement;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The rows of one execution, bound for life to the session that sent them.
 *
 * <p>When the session changes, rows that have arrived are read as before; a call that needs the network fails through
 * {@link LogicalSession#recover} with {@link CallKind#FETCH}; where the transaction is replayed, it goes on with the result of
 * the replay. What an application has seen is taken row by row as {@link #next} reaches them, so that getters are plain
 * forwards.
 *
 * <p>Array, Blob, Clob, SQLXML and the metadata of the result are handed through as PgJDBC made them, and so is a result
 * made by {@link java.sql.Array#getResultSet}; what they fetch later fails as PgJDBC fails.
 */
final class BatonResultSet extends ForwardingResultSet {
    private final LogicalSession session;
    private final @Nullable BatonStatement statement;
    /** What the application sees, for a replay of its transaction; null where nobody will ask. */
    private final @Nullable Rows rows;

    private ResultSet delegate;
    private long generation;

    /** @param delegate made on the session of now */
    BatonResultSet(
            LogicalSession session, @Nullable BatonStatement statement, ResultSet delegate, @Nullable Rows rows) {
        this.session = session;
        this.statement = statement;
        this.delegate = delegate;
        this.rows = rows;
        this.generation = session.generation();
    }

    /** Whether what is seen here goes into this digest. */
    boolean shows(Rows digest) {
        return rows == digest;
    }

    /** The same rows on another session, at the same place; closed where this one was. */
    void adopt(@Nullable ResultSet fresh, long now) throws SQLException {
        if (fresh == null) {
            return;
        }
        if (delegate.isClosed()) {
            fresh.close();
        }
        delegate = fresh;
        generation = now;
    }

    boolean wraps(@Nullable ResultSet raw) {
        return delegate == raw;
    }

    @Override
    ResultSet delegate() {
        return delegate;
    }

    /** No session is attached: another one does not know these rows. */
    @Override
    ResultSet attached() {
        return delegate;
    }

    @Override
    void recover(SQLException failure) throws SQLException {
        if (generation == session.generation()) {
            if (statement == null) {
                session.recover(failure, CallKind.FETCH, null);
            } else {
                session.recover(failure, CallKind.FETCH, null, statement);
            }
            // The transaction can be replayed, and this result with it.
            session.attach();
            if (generation != session.generation()) {
                throw Refusal.cursorLost(failure);
            }
            return;
        }
        // The session of now must not be blamed for the end of its predecessor.
        if (!isConnectionFailure(failure)) {
            throw failure;
        }
        SQLException lost = Refusal.cursorLost(failure);
        session.recover(lost, CallKind.FETCH, null);
        throw lost;
    }

    private static boolean isConnectionFailure(SQLException failure) {
        String state = failure.getSQLState();
        return state == null || state.startsWith("08") || state.startsWith("57P");
    }

    @Override
    public @Nullable SQLWarning getWarnings() throws SQLException {
        SQLWarning first = delegate.getWarnings();
        if (first != null && rows != null) {
            session.journal().deny("a warning of a result of it was read");
        }
        return first;
    }

    @Override
    public boolean next() throws SQLException {
        for (; ; ) {
            try {
                boolean more = delegate.next();
                Rows digest = rows;
                if (digest != null) {
                    if (more) {
                        digest.row(delegate);
                    } else {
                        digest.end();
                    }
                }
                return more;
            } catch (SQLException failure) {
                recover(failure);
            }
        }
    }

    // A look ahead tells of rows that were not reached, and the digest knows only those that were.

    @Override
    public boolean isLast() throws SQLException {
        looksAhead("isLast()");
        for (; ; ) {
            try {
                return delegate.isLast();
            } catch (SQLException failure) {
                recover(failure);
            }
        }
    }

    @Override
    public boolean isBeforeFirst() throws SQLException {
        looksAhead("isBeforeFirst()");
        return delegate.isBeforeFirst();
    }

    @Override
    public boolean isAfterLast() throws SQLException {
        looksAhead("isAfterLast()");
        return delegate.isAfterLast();
    }

    private void looksAhead(String method) {
        if (rows != null) {
            session.journal().deny("it looks ahead in a result with " + method);
        }
    }

    // A large object is read through the session, past the digest.

    @Override
    public @Nullable Blob getBlob(int column) throws SQLException {
        return LargeObjects.follow(session, delegate.getBlob(column));
    }

    @Override
    public @Nullable Blob getBlob(String column) throws SQLException {
        return LargeObjects.follow(session, delegate.getBlob(column));
    }

    @Override
    public @Nullable Clob getClob(int column) throws SQLException {
        return LargeObjects.follow(session, delegate.getClob(column));
    }

    @Override
    public @Nullable Clob getClob(String column) throws SQLException {
        return LargeObjects.follow(session, delegate.getClob(column));
    }

    // Writes of an updatable result: they are never run again.

    @Override
    public void insertRow() throws SQLException {
        try {
            delegate.insertRow();
        } catch (SQLException failure) {
            throw written(failure);
        }
    }

    @Override
    public void updateRow() throws SQLException {
        try {
            delegate.updateRow();
        } catch (SQLException failure) {
            throw written(failure);
        }
    }

    @Override
    public void deleteRow() throws SQLException {
        try {
            delegate.deleteRow();
        } catch (SQLException failure) {
            throw written(failure);
        }
    }

    private SQLException written(SQLException failure) throws SQLException {
        if (generation != session.generation()) {
            recover(failure);
            return failure;
        }
        session.recover(failure, CallKind.UPDATE_ROW, null);
        return failure;
    }

    @Override
    public @Nullable Statement getStatement() throws SQLException {
        // Asked for its error alone: a closed result has no statement.
        Statement raw = delegate.getStatement();
        return raw == null ? null : statement;
    }

    // getObject may look up the type of a column on the server, and gives a refcursor's rows as a result.

    @Override
    public @Nullable Object getObject(int column) throws SQLException {
        for (; ; ) {
            try {
                return ours(delegate.getObject(column));
            } catch (SQLException failure) {
                recover(failure);
            }
        }
    }

    @Override
    public @Nullable Object getObject(String column) throws SQLException {
        for (; ; ) {
            try {
                return ours(delegate.getObject(column));
            } catch (SQLException failure) {
                recover(failure);
            }
        }
    }

    @Override
    public @Nullable Object getObject(int column, Map<String, Class<?>> types) throws SQLException {
        for (; ; ) {
            try {
                return ours(delegate.getObject(column, types));
            } catch (SQLException failure) {
                recover(failure);
            }
        }
    }

    @Override
    public @Nullable Object getObject(String column, Map<String, Class<?>> types) throws SQLException {
        for (; ; ) {
            try {
                return ours(delegate.getObject(column, types));
            } catch (SQLException failure) {
                recover(failure);
            }
        }
    }

    @Override
    public <T> @Nullable T getObject(int column, Class<T> type) throws SQLException {
        for (; ; ) {
            try {
                return ours(delegate.getObject(column, type), type);
            } catch (SQLException failure) {
                recover(failure);
            }
        }
    }

    @Override
    public <T> @Nullable T getObject(String column, Class<T> type) throws SQLException {
        for (; ; ) {
            try {
                return ours(delegate.getObject(column, type), type);
            } catch (SQLException failure) {
                recover(failure);
            }
        }
    }

    private @Nullable Object ours(@Nullable Object value) {
        if (!(value instanceof ResultSet found)) {
            return value;
        }
        // PgJDBC fetched it with a statement of its own, which the journal does not know.
        session.journal().deny("it reads a refcursor");
        return new BatonResultSet(session, statement, found, null);
    }

    private <T> @Nullable T ours(@Nullable T value, Class<T> type) {
        if (value instanceof ResultSet && type == ResultSet.class) {
            return type.cast(ours(value));
        }
        return LargeObjects.followed(session, value, type);
    }

    @Override
    public boolean isWrapperFor(Class<?> type) throws SQLException {
        return type.isInstance(this) || delegate.isWrapperFor(type);
    }

    @Override
    public <T> T unwrap(Class<T> type) throws SQLException {
        if (type.isInstance(this)) {
            return type.cast(this);
        }
        T raw = delegate.unwrap(type);
        // It leads to its statement, and to its connection.
        session.journal().denyForGood("PgJDBC's result was taken out of it with unwrap");
        return raw;
    }
}
