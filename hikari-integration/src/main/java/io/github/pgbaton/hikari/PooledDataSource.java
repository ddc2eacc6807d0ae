package io.github.pgbaton.hikari;

import com.zaxxer.hikari.HikariConfig;
import io.github.pgbaton.config.BatonConfig;
import io.github.pgbaton.pool.PoolableConnection;
import java.io.PrintWriter;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.logging.Logger;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * The data source behind a pool: gives it pgbaton's connections as they are, and has those that lie idle moved after a change
 * of leader. Thread-safe.
 */
final class PooledDataSource implements DataSource {
    private final DataSource source;
    private final IdleMover mover;

    /**
     * @param source of pgbaton
     * @param pool is asked for its name
     * @param baton the settings of the source
     */
    PooledDataSource(DataSource source, HikariConfig pool, BatonConfig baton) {
        this.source = source;
        this.mover = new IdleMover(pool::getPoolName, baton.failoverTimeout(), baton.connectLimit());
    }

    DataSource source() {
        return source;
    }

    @Override
    public Connection getConnection() throws SQLException {
        return kept(source.getConnection());
    }

    @Override
    public Connection getConnection(@Nullable String user, @Nullable String password) throws SQLException {
        return kept(source.getConnection(user, password));
    }

    private Connection kept(Connection connection) throws SQLException {
        boolean kept = false;
        try {
            mover.keep(connection.unwrap(PoolableConnection.class));
            kept = true;
            return connection;
        } finally {
            // A wrapper of the application's may hide what is in it; the pool tries again, and would leave a session
            // each time.
            if (!kept) {
                connection.close();
            }
        }
    }

    @Override
    public @Nullable PrintWriter getLogWriter() throws SQLException {
        return source.getLogWriter();
    }

    @Override
    public void setLogWriter(@Nullable PrintWriter out) throws SQLException {
        source.setLogWriter(out);
    }

    /** HikariCP sets its {@code connectionTimeout} here. */
    @Override
    public void setLoginTimeout(int seconds) throws SQLException {
        source.setLoginTimeout(seconds);
    }

    @Override
    public int getLoginTimeout() throws SQLException {
        return source.getLoginTimeout();
    }

    @Override
    public Logger getParentLogger() throws java.sql.SQLFeatureNotSupportedException {
        return source.getParentLogger();
    }

    @Override
    public <T> T unwrap(Class<T> type) throws SQLException {
        return type.isInstance(source) ? type.cast(source) : source.unwrap(type);
    }

    @Override
    public boolean isWrapperFor(Class<?> type) throws SQLException {
        return type.isInstance(source) || source.isWrapperFor(type);
    }

    /** As HikariCP logs it. */
    @Override
    public String toString() {
        return source.toString();
    }
}
