package io.github.pgbaton.internal.jdbc;

import io.github.pgbaton.internal.session.LogicalSession;
import io.github.pgbaton.internal.session.LogicalSession.CallKind;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The rows of one execution, bound for life to the session that sent them.
 *
 * <p>When the session changes, rows that have arrived are read as before; a call that needs the network fails through
 * {@link LogicalSession#recover} with {@link CallKind#FETCH}. Getters are plain forwards today, marked RECORD READ in the
 * classification: they are what an application saw, and where a digest of it will be fed.
 *
 * <p>Array, Blob, Clob, SQLXML and the metadata of the result are handed through as PgJDBC made them, and so is a result
 * made by {@link java.sql.Array#getResultSet}; what they fetch later fails as PgJDBC fails.
 */
final class BatonResultSet extends ForwardingResultSet {
    private final LogicalSession session;
    private final @Nullable BatonStatement statement;
    private final ResultSet delegate;
    private final long generation;

    /** @param delegate made on the session of now */
    BatonResultSet(LogicalSession session, @Nullable BatonStatement statement, ResultSet delegate) {
        this.session = session;
        this.statement = statement;
        this.delegate = delegate;
        this.generation = session.generation();
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
            session.recover(failure, CallKind.FETCH, null);
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
        return value instanceof ResultSet rows ? new BatonResultSet(session, statement, rows) : value;
    }

    private <T> @Nullable T ours(@Nullable T value, Class<T> type) {
        return value instanceof ResultSet && type == ResultSet.class ? type.cast(ours(value)) : value;
    }

    @Override
    public boolean isWrapperFor(Class<?> type) throws SQLException {
        return type.isInstance(this) || delegate.isWrapperFor(type);
    }

    @Override
    public <T> T unwrap(Class<T> type) throws SQLException {
        return type.isInstance(this) ? type.cast(this) : delegate.unwrap(type);
    }
}
