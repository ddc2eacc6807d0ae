package io.github.pgbaton.internal.jdbc;

import io.github.pgbaton.internal.replay.Footprint;
import io.github.pgbaton.internal.session.LogicalSession;
import io.github.pgbaton.internal.session.LogicalSession.CallKind;
import io.github.pgbaton.internal.session.SessionAttributes;
import java.sql.ClientInfoStatus;
import java.sql.Connection;
import java.sql.SQLClientInfoException;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.PSQLState;

/**
 * The attributes of the connection an application holds: what was set is kept for the next session once the delegate took
 * it, and never before.
 *
 * <p>Those PgJDBC keeps locally are answered from there; the isolation level and the schema are asked for, because SQL text
 * may have changed them.
 */
abstract class AttributedConnection extends ForwardingConnection {
    private static final String APPLICATION_NAME = "ApplicationName";

    final LogicalSession session;
    /** A pool keeps this connection, and has said so. */
    boolean pooled;
    /** What is asked now the pool asks, of a connection that nobody has used since it was given back. */
    boolean poolAsks;

    AttributedConnection(LogicalSession session) {
        this.session = session;
    }

    final LogicalSession session() {
        return session;
    }

    @Override
    final Connection delegate() {
        return session.current();
    }

    @Override
    final Connection attached() throws SQLException {
        return session.attach();
    }

    @Override
    final void recover(SQLException failure) throws SQLException {
        session.recover(failure, CallKind.CATALOG, null);
    }

    @Override
    public void setReadOnly(boolean readOnly) throws SQLException {
        if (session.detached()) {
            session.readOnly(readOnly);
            return;
        }
        for (; ; ) {
            Connection target = session.attach();
            try {
                target.setReadOnly(readOnly);
                session.readOnly(readOnly);
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
            keepIsolation(level);
            return;
        }
        for (; ; ) {
            Connection target = session.attach();
            try {
                target.setTransactionIsolation(level);
                keepIsolation(level);
                return;
            } catch (SQLException failure) {
                recover(failure);
            }
        }
    }

    /** Never inside a transaction: PgJDBC refuses it there. */
    private void keepIsolation(int level) {
        session.state().setTransactionIsolation(level);
        session.state().committed();
    }

    @Override
    public int getTransactionIsolation() throws SQLException {
        for (; ; ) {
            Connection target = session.attach();
            try {
                int level = target.getTransactionIsolation();
                session.learned(Connection::getTransactionIsolation, level, 0);
                return level;
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
                session.setInside(connection -> connection.setSchema(schema), Footprint.of(schema));
                return;
            } catch (SQLException failure) {
                recover(failure);
            }
        }
    }

    @Override
    public @Nullable String getSchema() throws SQLException {
        for (; ; ) {
            Connection target = session.attach();
            try {
                String schema = target.getSchema();
                session.learned(Connection::getSchema, schema, 0);
                return schema;
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

    /** Of a connection that is open. */
    final SessionAttributes open() throws SQLException {
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
                        session.setInside(connection -> connection.setClientInfo(name, value), Footprint.of(value));
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
                    session.setInside(
                            connection -> connection.setClientInfo(APPLICATION_NAME, value), Footprint.of(value));
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
}
