package io.github.pgbaton.hikari;

import java.sql.ClientInfoStatus;
import java.sql.Connection;
import java.sql.SQLClientInfoException;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.sql.SQLNonTransientException;
import java.sql.SQLWarning;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * A connection that takes its pool's only when it is first used, from the pool that its read-only mode of that moment names;
 * no two calls of one transaction ever run on two of them.
 *
 * <p>With SERIALIZABLE it is the primary's in either mode: no standby has that isolation level.
 *
 * <p>What is set before is kept and given to each connection that is chosen. Serves one thread at a time, except for {@link
 * #abort} and {@link #isClosed}.
 */
final class RoutedConnection extends ChosenConnection {
    private static final String IN_TRANSACTION = "25001";
    private static final String NO_TRANSACTION = "25P01";
    private static final String CLIENT_INFO = "clientInfo ";

    /** Sets on a pool's connection what was set on this one. */
    private interface Setting {
        void apply(Connection connection) throws SQLException;
    }

    /** Where connections come from. */
    interface Pools {
        Connection choose(boolean replica) throws SQLException;
    }

    /**
     * How the pools give their connections.
     *
     * @param readOnly both
     * @param autoCommit both
     * @param serializable that of the replicas
     */
    record Modes(boolean readOnly, boolean autoCommit, boolean serializable) {}

    private final Pools source;
    private final Map<String, Setting> settings = new LinkedHashMap<>();
    private volatile @Nullable Connection chosen;
    private volatile boolean closed;
    private final boolean poolsReadOnly;
    private boolean readOnly;
    private boolean autoCommit;
    private boolean serializable;

    RoutedConnection(Pools source, Modes pools) {
        this.source = source;
        this.poolsReadOnly = pools.readOnly();
        this.readOnly = pools.readOnly();
        this.autoCommit = pools.autoCommit();
        this.serializable = pools.serializable();
    }

    private static boolean replica(boolean readOnly, boolean serializable) {
        return readOnly && !serializable;
    }

    private void checkOpen() throws SQLException {
        if (closed) {
            throw new SQLNonTransientConnectionException("this connection has been closed", "08003");
        }
    }

    @Override
    Connection chosen() throws SQLException {
        Connection now = chosen;
        if (now != null) {
            return now;
        }
        checkOpen();
        now = source.choose(replica(readOnly, serializable));
        boolean ready = false;
        try {
            if (readOnly != poolsReadOnly) {
                now.setReadOnly(readOnly);
            }
            boolean mode = now.getAutoCommit();
            if (!mode && !settings.isEmpty()) {
                // What is set in autocommit mode is of no transaction. In one that the schema has begun, no isolation
                // level could be set any more.
                now.setAutoCommit(true);
                mode = true;
            }
            for (Setting setting : settings.values()) {
                setting.apply(now);
            }
            if (mode != autoCommit) {
                now.setAutoCommit(autoCommit);
            }
            ready = true;
        } finally {
            if (!ready) {
                now.close();
            }
        }
        chosen = now;
        if (closed) {
            // abort() came meanwhile and saw none.
            chosen = null;
            now.close();
            checkOpen();
        }
        return now;
    }

    private void set(String name, Setting setting) throws SQLException {
        checkOpen();
        Connection now = chosen;
        if (now != null) {
            setting.apply(now);
        }
        settings.put(name, setting);
    }

    // What chooses.

    @Override
    public void setReadOnly(boolean value) throws SQLException {
        checkOpen();
        Connection now = chosen;
        if (now != null && value != readOnly) {
            try {
                // Refused in the middle of a transaction, which only the connection itself knows for certain.
                now.setReadOnly(value);
            } catch (SQLException e) {
                throw IN_TRANSACTION.equals(e.getSQLState()) ? inTransaction(value, e) : e;
            }
            leaveUnless(replica(readOnly, serializable) == replica(value, serializable), now);
        }
        readOnly = value;
    }

    /** Between two transactions, which the connection itself has just said. */
    private void leaveUnless(boolean same, Connection now) throws SQLException {
        if (!same) {
            chosen = null;
            now.close();
        }
    }

    private static SQLException inTransaction(boolean value, SQLException cause) {
        return new SQLNonTransientException(
                "setReadOnly(" + value + ") in the middle of a transaction: this connection has chosen the "
                        + (value ? "primary" : "replicas")
                        + " at its first use, and can choose anew only between two transactions. Nothing has changed. Call"
                        + " setReadOnly before the first statement, or commit first",
                IN_TRANSACTION,
                cause);
    }

    @Override
    public boolean isReadOnly() throws SQLException {
        checkOpen();
        return readOnly;
    }

    // The transaction: where nothing was chosen, none is open.

    @Override
    public void setAutoCommit(boolean value) throws SQLException {
        checkOpen();
        Connection now = chosen;
        if (now != null) {
            now.setAutoCommit(value);
        }
        autoCommit = value;
    }

    @Override
    public boolean getAutoCommit() throws SQLException {
        checkOpen();
        return autoCommit;
    }

    @Override
    public void commit() throws SQLException {
        Connection now = ofTransaction("commit");
        if (now != null) {
            now.commit();
        }
    }

    @Override
    public void rollback() throws SQLException {
        Connection now = ofTransaction("rollback");
        if (now != null) {
            now.rollback();
        }
    }

    private @Nullable Connection ofTransaction(String call) throws SQLException {
        checkOpen();
        Connection now = chosen;
        if (now == null && autoCommit) {
            throw new SQLException(call + " while autocommit is on", NO_TRANSACTION);
        }
        return now;
    }

    // The life of the connection.

    /** Also after {@link #abort}, which gives nothing back: a pool would count the connection as lent for ever. */
    @Override
    public void close() throws SQLException {
        closed = true;
        Connection now = chosen;
        chosen = null;
        if (now != null) {
            now.close();
        }
    }

    @Override
    public void abort(Executor executor) throws SQLException {
        closed = true;
        Connection now = chosen;
        if (now != null) {
            now.abort(executor);
        }
    }

    @Override
    public boolean isClosed() throws SQLException {
        Connection now = chosen;
        return closed || (now != null && now.isClosed());
    }

    /** Chooses, where nothing was chosen: a health check that asks nothing else is to hear of the database. */
    @Override
    public boolean isValid(int timeoutSeconds) throws SQLException {
        if (closed) {
            return false;
        }
        Connection now;
        try {
            now = chosen();
        } catch (SQLException e) {
            return false;
        }
        return now.isValid(timeoutSeconds);
    }

    @Override
    public @Nullable SQLWarning getWarnings() throws SQLException {
        checkOpen();
        Connection now = chosen;
        return now == null ? null : now.getWarnings();
    }

    @Override
    public void clearWarnings() throws SQLException {
        checkOpen();
        Connection now = chosen;
        if (now != null) {
            now.clearWarnings();
        }
    }

    @Override
    public void beginRequest() throws SQLException {
        Connection now = chosen;
        if (now != null) {
            now.beginRequest();
        }
    }

    @Override
    public void endRequest() throws SQLException {
        Connection now = chosen;
        if (now != null) {
            now.endRequest();
        }
    }

    @Override
    public <T> T unwrap(Class<T> type) throws SQLException {
        return type.isInstance(this) ? type.cast(this) : chosen().unwrap(type);
    }

    @Override
    public boolean isWrapperFor(Class<?> type) throws SQLException {
        return type.isInstance(this) || chosen().isWrapperFor(type);
    }

    // Settings, which each connection that is chosen is given.

    @Override
    public void setCatalog(String catalog) throws SQLException {
        set("catalog", connection -> connection.setCatalog(catalog));
    }

    @Override
    public void setTransactionIsolation(int level) throws SQLException {
        set("isolation", connection -> connection.setTransactionIsolation(level));
        boolean value = level == TRANSACTION_SERIALIZABLE;
        Connection now = chosen;
        if (now != null) {
            leaveUnless(replica(readOnly, serializable) == replica(readOnly, value), now);
        }
        serializable = value;
    }

    @Override
    public void setTypeMap(Map<String, Class<?>> types) throws SQLException {
        Map<String, Class<?>> own = new HashMap<>(types);
        set("typeMap", connection -> connection.setTypeMap(own));
    }

    @Override
    public void setHoldability(int holdability) throws SQLException {
        set("holdability", connection -> connection.setHoldability(holdability));
    }

    @Override
    public void setSchema(@Nullable String schema) throws SQLException {
        set("schema", connection -> connection.setSchema(schema));
    }

    @Override
    public void setNetworkTimeout(Executor executor, int milliseconds) throws SQLException {
        set("networkTimeout", connection -> connection.setNetworkTimeout(executor, milliseconds));
    }

    @Override
    public void setClientInfo(String name, @Nullable String value) throws SQLClientInfoException {
        info(CLIENT_INFO + name, connection -> connection.setClientInfo(name, value));
    }

    @Override
    public void setClientInfo(Properties properties) throws SQLClientInfoException {
        Properties own = new Properties();
        properties.stringPropertyNames().forEach(name -> own.setProperty(name, properties.getProperty(name)));
        info("clientInfo", connection -> connection.setClientInfo(own));
        settings.keySet().removeIf(name -> name.startsWith(CLIENT_INFO));
    }

    private void info(String name, Setting setting) throws SQLClientInfoException {
        try {
            set(name, setting);
        } catch (SQLClientInfoException e) {
            throw e;
        } catch (SQLException e) {
            throw new SQLClientInfoException(
                    e.getMessage(), e.getSQLState(), e.getErrorCode(), Map.<String, ClientInfoStatus>of(), e);
        }
    }

    @Override
    public String toString() {
        Connection now = chosen;
        return now == null ? "RoutedConnection[not chosen yet, readOnly=" + readOnly + "]" : now.toString();
    }
}
