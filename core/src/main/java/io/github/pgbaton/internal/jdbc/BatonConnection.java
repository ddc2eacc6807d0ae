package io.github.pgbaton.internal.jdbc;

import io.github.pgbaton.internal.session.LogicalSession;
import io.github.pgbaton.internal.session.LogicalSession.CallKind;
import io.github.pgbaton.internal.session.SessionAttributes;
import io.github.pgbaton.pool.PoolableConnection;
import io.github.pgbaton.replay.ReplayableConnection;
import java.sql.CallableStatement;
import java.sql.ClientInfoStatus;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.PreparedStatement;
import java.sql.SQLClientInfoException;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.Savepoint;
import java.sql.Statement;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.PSQLState;

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
public final class BatonConnection extends ForwardingConnection implements ReplayableConnection, PoolableConnection {
    private static final String APPLICATION_NAME = "ApplicationName";

    private final LogicalSession session;
    private @Nullable BatonDatabaseMetaData metaData;
    private boolean pooled;
    private boolean poolAsks;
    private final AtomicReference<@Nullable Runnable> whenClosed = new AtomicReference<>();

    /** @param session belongs to this connection alone from now on */
    public BatonConnection(LogicalSession session) {
        this.session = session;
    }

    LogicalSession session() {
        return session;
    }

    @Override
    Connection delegate() {
        return session.current();
    }

    @Override
    Connection attached() throws SQLException {
        return session.attach();
    }

    @Override
    void recover(SQLException failure) throws SQLException {
        session.recover(failure, CallKind.CATALOG, null);
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
        session.rollback();
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
        return now.isClosed() ? null : now.getWarnings();
    }

    /** A pool does this last when a connection is given back, and must not wait out a failover for it. */
    @Override
    public void clearWarnings() throws SQLException {
        if (session.isClosed()) {
            throw Refusal.connectionClosed();
        }
        Connection now = session.current();
        if (!now.isClosed()) {
            now.clearWarnings();
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
        boolean valid = !session.isClosed() && session.current().isValid(timeoutSeconds);
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
        session.journal().deny("the application disabled it");
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

    // Attributes: kept for the next session once the delegate took them. Those PgJDBC keeps locally are answered from
    // there; the isolation level and the schema are asked for, because SQL text may have changed them.

    @Override
    public void setReadOnly(boolean readOnly) throws SQLException {
        if (session.detached()) {
            session.attributes().readOnly(readOnly);
            return;
        }
        for (; ; ) {
            Connection target = session.attach();
            try {
                target.setReadOnly(readOnly);
                session.attributes().readOnly(readOnly);
                return;
            } catch (SQLException failure) {
                recover(failure);
            }
        }
    }

    @Override
    public boolean isReadOnly() throws SQLException {
        Boolean known = open().readOnly();
        if (known != null) {
            return known;
        }
        for (; ; ) {
            Connection target = session.attach();
            try {
                return target.isReadOnly();
            } catch (SQLException failure) {
                recover(failure);
            }
        }
    }

    private static boolean isLevel(int level) {
        return level == TRANSACTION_READ_UNCOMMITTED
                || level == TRANSACTION_READ_COMMITTED
                || level == TRANSACTION_REPEATABLE_READ
                || level == TRANSACTION_SERIALIZABLE;
    }

    @Override
    public void setTransactionIsolation(int level) throws SQLException {
        if (isLevel(level) && session.detached()) {
            session.attributes().transactionIsolation(level);
            return;
        }
        for (; ; ) {
            Connection target = session.attach();
            try {
                target.setTransactionIsolation(level);
                session.attributes().transactionIsolation(level);
                return;
            } catch (SQLException failure) {
                recover(failure);
            }
        }
    }

    @Override
    public void setHoldability(int holdability) throws SQLException {
        if (session.detached()) {
            session.attributes().holdability(holdability);
            return;
        }
        for (; ; ) {
            Connection target = session.attach();
            try {
                target.setHoldability(holdability);
                session.attributes().holdability(holdability);
                return;
            } catch (SQLException failure) {
                recover(failure);
            }
        }
    }

    @Override
    public int getHoldability() throws SQLException {
        Integer known = open().holdability();
        if (known != null) {
            return known;
        }
        for (; ; ) {
            Connection target = session.attach();
            try {
                return target.getHoldability();
            } catch (SQLException failure) {
                recover(failure);
            }
        }
    }

    @Override
    public void setSchema(@Nullable String schema) throws SQLException {
        if (session.detached()) {
            session.state().setSchema(schema);
            session.state().committed();
            return;
        }
        for (; ; ) {
            Connection target = session.attach();
            try {
                target.setSchema(schema);
                session.state().setSchema(schema);
                session.setInside(connection -> connection.setSchema(schema));
                return;
            } catch (SQLException failure) {
                recover(failure);
            }
        }
    }

    @Override
    public void setTypeMap(Map<String, Class<?>> types) throws SQLException {
        if (session.detached()) {
            session.attributes().typeMap(types);
            return;
        }
        for (; ; ) {
            Connection target = session.attach();
            try {
                target.setTypeMap(types);
                session.attributes().typeMap(types);
                return;
            } catch (SQLException failure) {
                recover(failure);
            }
        }
    }

    /**
     * Bounds the socket reads of this session and of every later one; a session that is dead is not replaced for it.
     *
     * <p>A pool sets this before it asks {@link #isValid}: to wait for a failover here would defeat its time limit.
     */
    @Override
    public void setNetworkTimeout(Executor executor, int milliseconds) throws SQLException {
        boolean idle = pooled && session.left();
        SessionAttributes attributes = open();
        try {
            session.current().setNetworkTimeout(executor, milliseconds);
        } catch (SQLException failure) {
            if (PSQLState.INVALID_PARAMETER_VALUE.getState().equals(failure.getSQLState())) {
                throw failure;
            }
            // A dead session; the one that replaces it gets the value.
        }
        attributes.networkTimeout(executor, milliseconds);
        poolAsks = idle && milliseconds > 0;
        if (pooled) {
            // HikariCP ends with it what it does to a new connection, and its questions to an idle one.
            session.leave();
        }
    }

    @Override
    public int getNetworkTimeout() throws SQLException {
        Integer known = open().networkTimeoutMillis();
        if (known != null) {
            return known;
        }
        for (; ; ) {
            Connection target = session.attach();
            try {
                return target.getNetworkTimeout();
            } catch (SQLException failure) {
                recover(failure);
            }
        }
    }

    private SessionAttributes open() throws SQLException {
        if (session.isClosed()) {
            throw Refusal.connectionClosed();
        }
        return session.attributes();
    }

    @Override
    public void setClientInfo(String name, @Nullable String value) throws SQLClientInfoException {
        try {
            if (APPLICATION_NAME.equals(name) && session.detached()) {
                session.state().setApplicationName(value);
                session.state().committed();
                return;
            }
            for (; ; ) {
                Connection target = session.attach();
                try {
                    target.setClientInfo(name, value);
                    if (APPLICATION_NAME.equals(name)) {
                        session.state().setApplicationName(value);
                        session.setInside(connection -> connection.setClientInfo(name, value));
                    }
                    return;
                } catch (SQLClientInfoException failure) {
                    recoverClientInfo(target, failure);
                }
            }
        } catch (SQLException failure) {
            throw clientInfoFailure(failure, Map.of(name, ClientInfoStatus.REASON_UNKNOWN));
        }
    }

    @Override
    public void setClientInfo(Properties properties) throws SQLClientInfoException {
        try {
            for (; ; ) {
                Connection target = session.attach();
                try {
                    target.setClientInfo(properties);
                    // The one property PgJDBC knows; absent it is reset.
                    String value = properties.getProperty(APPLICATION_NAME);
                    session.state().setApplicationName(value);
                    session.setInside(connection -> connection.setClientInfo(APPLICATION_NAME, value));
                    return;
                } catch (SQLClientInfoException failure) {
                    recoverClientInfo(target, failure);
                }
            }
        } catch (SQLException failure) {
            Map<String, ClientInfoStatus> failed = new HashMap<>();
            properties.stringPropertyNames().forEach(name -> failed.put(name, ClientInfoStatus.REASON_UNKNOWN));
            throw clientInfoFailure(failure, failed);
        }
    }

    /** PgJDBC tells of a session that broke with a SQLState of its own, or with none. */
    private void recoverClientInfo(Connection target, SQLClientInfoException failure) throws SQLException {
        recover(
                target.isClosed()
                        ? new SQLException(failure.getMessage(), PSQLState.CONNECTION_FAILURE.getState(), failure)
                        : failure);
    }

    private static SQLClientInfoException clientInfoFailure(
            SQLException failure, Map<String, ClientInfoStatus> failedProperties) {
        return failure instanceof SQLClientInfoException already
                ? already
                : new SQLClientInfoException(
                        failure.getMessage(), failure.getSQLState(), failure.getErrorCode(), failedProperties, failure);
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
