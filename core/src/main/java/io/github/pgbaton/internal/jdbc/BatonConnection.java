package io.github.pgbaton.internal.jdbc;

import io.github.pgbaton.internal.session.LogicalSession;
import io.github.pgbaton.pool.PoolableConnection;
import io.github.pgbaton.replay.ReplayableConnection;
import java.sql.CallableStatement;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.Savepoint;
import java.sql.Statement;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * The connection an application holds; it stays the same object while the session behind it is replaced.
 *
 * <p>Statements, results, metadata and savepoints made from it are ours. Array, Blob, Clob, SQLXML and Struct are handed
 * through as PgJDBC made them and end with their session.
 *
 * <p>{@link #unwrap} to {@code PGConnection} hands out PgJDBC's connection of the moment: pgbaton does not know what is run
 * there, and what is set there is lost when the session is replaced.
 *
 * <p>Serves one thread at a time, except for {@link #abort} and {@link #isClosed}.
 */
public final class BatonConnection extends AttributedConnection implements ReplayableConnection, PoolableConnection {
    private @Nullable BatonDatabaseMetaData metaData;
    private final AtomicReference<@Nullable Runnable> whenClosed = new AtomicReference<>();

    /** @param session belongs to this connection alone from now on */
    public BatonConnection(LogicalSession session) {
        super(session);
    }

    // The transaction and the life of the connection: the session's.

    @Override
    public void setAutoCommit(boolean autoCommit) throws SQLException {
        session.setAutoCommit(autoCommit);
    }

    @Override
    public boolean getAutoCommit() throws SQLException {
        return session.getAutoCommit();
    }

    @Override
    public void commit() throws SQLException {
        session.commit();
    }

    @Override
    public void rollback() throws SQLException {
        boolean idle = pooled && session.left();
        session.rollback();
        if (idle) {
            // HikariCP's last word to an idle connection with isolateInternalQueries and without autocommit.
            session.leave();
        }
    }

    @Override
    public void rollback(Savepoint savepoint) throws SQLException {
        session.rollback(savepoint);
    }

    @Override
    public void releaseSavepoint(Savepoint savepoint) throws SQLException {
        session.releaseSavepoint(savepoint);
    }

    @Override
    public Savepoint setSavepoint() throws SQLException {
        return session.setSavepoint(null);
    }

    @Override
    public Savepoint setSavepoint(String name) throws SQLException {
        return session.setSavepoint(name);
    }

    /** Those of the session of the moment; a dead one is not replaced for its warnings. */
    @Override
    public @Nullable SQLWarning getWarnings() throws SQLException {
        open();
        Connection now = session.current();
        SQLWarning first = now.isClosed() ? null : now.getWarnings();
        if (first != null && session.journal().steps() > 0) {
            // No step tells of it.
            session.journal().deny("a warning of the connection was read in it");
        }
        return first;
    }

    /** A pool does this last when a connection is given back, and must not wait out a failover for it. */
    @Override
    public void clearWarnings() throws SQLException {
        if (session.isClosed()) {
            throw Refusal.connectionClosed();
        }
        Connection now = session.current();
        try {
            now.clearWarnings();
        } catch (SQLException failure) {
            // Asked only now: a pool pays for this each time somebody gives a connection back.
            if (!now.isClosed()) {
                throw failure;
            }
        }
        if (pooled) {
            session.leave();
        }
    }

    @Override
    public void beginRequest() throws SQLException {
        session.requestBoundary();
        session.current().beginRequest();
    }

    @Override
    public void endRequest() throws SQLException {
        session.requestBoundary();
        session.current().endRequest();
        if (pooled) {
            session.leave();
        }
    }

    @Override
    public void close() throws SQLException {
        if (!session.isClosed()) {
            session.close();
        }
        tellClosed();
    }

    @Override
    public void abort(Executor executor) throws SQLException {
        session.abort(executor);
        tellClosed();
    }

    @Override
    public boolean isClosed() throws SQLException {
        return session.isClosed();
    }

    /**
     * Asks the session of the moment, within the time given; a session that is dead is not replaced here.
     *
     * <p>To replace it may take as long as a failover, and a pool asks this on borrow with a few seconds to spare. False
     * makes the pool open a new connection, which costs what replacing the session costs, under the pool's own time limit.
     * Without a pool, the next statement re-attaches whatever this said.
     *
     * <p>A pool that has said so ({@link #pooled}), and asks on borrow, gets true for a dead session that the borrower's
     * first call replaces without his noticing. It asks within a network time-out on a connection that nobody has used since
     * it was given back; an application that asks gets the answer of the session.
     */
    @Override
    public boolean isValid(int timeoutSeconds) throws SQLException {
        boolean idle = poolAsks && session.left();
        session.use();
        if (idle && !session.isClosed() && session.movesOn()) {
            // A replica that is known to be frozen would keep each borrower waiting, and be left all the same.
            session.leave();
            return true;
        }
        boolean valid =
                !session.isClosed() && !session.givenUp() && session.current().isValid(timeoutSeconds);
        if (idle) {
            valid = valid || session.replaceable();
            session.leave();
        }
        return valid;
    }

    // What a pool needs.

    @Override
    public void pooled(Runnable closed) throws SQLException {
        open();
        pooled = true;
        whenClosed.set(closed);
        if (session.isClosed()) {
            tellClosed();
        }
    }

    @Override
    public Reattachment reattach(Duration timeout) throws SQLException {
        return session.reattach(timeout);
    }

    private void tellClosed() {
        Runnable told = whenClosed.getAndSet(null);
        if (told != null) {
            told.run();
        }
    }

    // The replay of the transaction.

    @Override
    public void disableReplay() throws SQLException {
        open();
        session.journal().disable();
    }

    @Override
    public Optional<String> obstacle() throws SQLException {
        open();
        return Optional.ofNullable(session.obstacle());
    }

    // What makes objects of ours.

    @Override
    public Statement createStatement() throws SQLException {
        return statement(StatementRequest.statement());
    }

    @Override
    public Statement createStatement(int type, int concurrency) throws SQLException {
        return statement(StatementRequest.statement(type, concurrency));
    }

    @Override
    public Statement createStatement(int type, int concurrency, int holdability) throws SQLException {
        return statement(StatementRequest.statement(type, concurrency, holdability));
    }

    @Override
    public PreparedStatement prepareStatement(String sql) throws SQLException {
        return prepared(StatementRequest.prepared(sql));
    }

    @Override
    public PreparedStatement prepareStatement(String sql, int type, int concurrency) throws SQLException {
        return prepared(StatementRequest.prepared(sql, type, concurrency));
    }

    @Override
    public PreparedStatement prepareStatement(String sql, int type, int concurrency, int holdability)
            throws SQLException {
        return prepared(StatementRequest.prepared(sql, type, concurrency, holdability));
    }

    @Override
    public PreparedStatement prepareStatement(String sql, int autoGeneratedKeys) throws SQLException {
        return prepared(StatementRequest.prepared(sql, autoGeneratedKeys));
    }

    @Override
    public PreparedStatement prepareStatement(String sql, int[] columnIndexes) throws SQLException {
        return prepared(StatementRequest.prepared(sql, columnIndexes));
    }

    @Override
    public PreparedStatement prepareStatement(String sql, String[] columnNames) throws SQLException {
        return prepared(StatementRequest.prepared(sql, columnNames));
    }

    @Override
    public CallableStatement prepareCall(String sql) throws SQLException {
        return call(StatementRequest.call(sql));
    }

    @Override
    public CallableStatement prepareCall(String sql, int type, int concurrency) throws SQLException {
        return call(StatementRequest.call(sql, type, concurrency));
    }

    @Override
    public CallableStatement prepareCall(String sql, int type, int concurrency, int holdability) throws SQLException {
        return call(StatementRequest.call(sql, type, concurrency, holdability));
    }

    private BatonStatement statement(StatementRequest request) throws SQLException {
        return new BatonStatement(this, request, made(request));
    }

    private BatonPreparedStatement prepared(StatementRequest request) throws SQLException {
        return new BatonPreparedStatement(this, request, (PreparedStatement) made(request));
    }

    private BatonCallableStatement call(StatementRequest request) throws SQLException {
        return new BatonCallableStatement(this, request, (CallableStatement) made(request));
    }

    private Statement made(StatementRequest request) throws SQLException {
        for (; ; ) {
            Connection target = session.attach();
            try {
                return request.make(target);
            } catch (SQLException failure) {
                recover(failure);
            }
        }
    }

    @Override
    public DatabaseMetaData getMetaData() throws SQLException {
        BatonDatabaseMetaData known = metaData;
        if (known == null) {
            known = new BatonDatabaseMetaData(this, rawMetaData());
            metaData = known;
        } else if (session.isClosed()) {
            throw Refusal.connectionClosed();
        }
        return known;
    }

    private DatabaseMetaData rawMetaData() throws SQLException {
        for (; ; ) {
            Connection target = session.attach();
            try {
                return target.getMetaData();
            } catch (SQLException failure) {
                recover(failure);
            }
        }
    }

    @Override
    public boolean isWrapperFor(Class<?> type) {
        return type.isInstance(this) || type.isInstance(session.current());
    }

    @Override
    public <T> T unwrap(Class<T> type) throws SQLException {
        if (type.isInstance(this)) {
            return type.cast(this);
        }
        T raw = session.attach().unwrap(type);
        // Who has it may run anything there, in any later transaction.
        session.journal().denyForGood("PgJDBC's connection was taken out of it with unwrap");
        return raw;
    }
}
