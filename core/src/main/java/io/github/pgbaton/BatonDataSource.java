package io.github.pgbaton;

import io.github.pgbaton.config.ConnectionSpec;
import io.github.pgbaton.internal.routing.ClusterRef;
import java.io.PrintWriter;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.sql.SQLNonTransientConnectionException;
import java.time.Duration;
import java.util.Properties;
import java.util.concurrent.locks.ReentrantLock;
import java.util.logging.Logger;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * A {@link DataSource} without a pool: every connection it gives is a new one on the primary, and follows it, unless
 * {@code target} names another member.
 *
 * <p>A JavaBean for pools that take a class name: set {@code url} (or {@code jdbcUrl}), {@code user}, {@code password}
 * and any property of the URL through {@link #setProperty}. It watches the cluster while
 * connections are open and a few seconds longer: pools that make a data source by its class name never close it, and the
 * watch must end all the same. {@link #close} ends it at once. Thread-safe once the properties are set.
 */
public final class BatonDataSource implements DataSource, AutoCloseable {
    private final ReentrantLock lock = new ReentrantLock();
    private final Properties properties = new Properties();
    private @Nullable String url;
    private @Nullable PrintWriter logWriter;
    private int loginTimeoutSeconds;
    private @Nullable ConnectionSpec watched;
    private boolean closed;

    /** Without settings; at least the URL has to follow. */
    public BatonDataSource() {}

    /** @param url beginning with {@code jdbc:pgbaton:postgresql:} */
    public BatonDataSource(String url) {
        this.url = url;
    }

    /**
     * @throws SQLException as {@link BatonDriver#connect}; 08003 when this source is closed
     */
    @Override
    public Connection getConnection() throws SQLException {
        return open(null, null);
    }

    /**
     * @param user of PostgreSQL, for this connection only; it wins over all others, the URL's too; null for those
     * @param password of that user; as {@code user}
     * @throws SQLException as {@link #getConnection()}
     */
    @Override
    public Connection getConnection(@Nullable String user, @Nullable String password) throws SQLException {
        return open(user, password);
    }

    private Connection open(@Nullable String user, @Nullable String password) throws SQLException {
        ClusterRef cluster;
        Duration timeout;
        lock.lock();
        try {
            if (closed) {
                throw new SQLNonTransientConnectionException("this data source has been closed", "08003");
            }
            ConnectionSpec spec = parse(user, password);
            // Before the reference is taken: nobody would give it back after a refusal.
            timeout = BatonDriver.loginTimeout(spec, loginSeconds());
            cluster = BatonDriver.acquire(spec);
            watched = spec;
        } finally {
            lock.unlock();
        }
        return BatonDriver.open(cluster, timeout);
    }

    /**
     * As for PgJDBC's data sources, DriverManager's counts where this one was told nothing. Where it was, it does not: any other
     * pool of the JVM may have set it for its own sake, as HikariCP does for each URL.
     */
    private int loginSeconds() {
        return loginTimeoutSeconds > 0 ? loginTimeoutSeconds : DriverManager.getLoginTimeout();
    }

    private ConnectionSpec parse(@Nullable String user, @Nullable String password) throws SQLException {
        String target = url;
        if (target == null) {
            throw new SQLNonTransientConnectionException(
                    "url is not set; accepted: jdbc:pgbaton:postgresql://host:port,host:port/database?...", "22023");
        }
        return ConnectionSpec.parse(target, properties).as(user, password);
    }

    /**
     * What connections would be opened with now; opens nothing.
     *
     * @return the settings, taken apart and checked
     * @throws SQLException 08001 for a malformed URL, 22023 for a value or a URL parameter that is not accepted
     */
    public ConnectionSpec spec() throws SQLException {
        return parse(null, null);
    }

    /** @return the URL, null before it is set */
    public @Nullable String getUrl() {
        return url;
    }

    /** @param url beginning with {@code jdbc:pgbaton:postgresql:} */
    public void setUrl(String url) {
        this.url = url;
    }

    /** @return the URL; the same as {@link #getUrl}, under the name some pools use */
    public @Nullable String getJdbcUrl() {
        return url;
    }

    /** @param jdbcUrl as for {@link #setUrl} */
    public void setJdbcUrl(String jdbcUrl) {
        this.url = jdbcUrl;
    }

    /** @return PostgreSQL's user, null where only the URL names one */
    public @Nullable String getUser() {
        return properties.getProperty("user");
    }

    /** @param user of PostgreSQL */
    public void setUser(String user) {
        setProperty("user", user);
    }

    /** @param password of the user */
    public void setPassword(String password) {
        setProperty("password", password);
    }

    /**
     * Sets any property that may stand in the URL; the URL's own win over it.
     *
     * @param name PgJDBC's or pgbaton's
     * @param value null to unset it
     */
    public void setProperty(String name, @Nullable String value) {
        if (value == null) {
            properties.remove(name);
        } else {
            properties.setProperty(name, value);
        }
    }

    @Override
    public @Nullable PrintWriter getLogWriter() {
        return logWriter;
    }

    /** @param out kept and never written to: pgbaton logs through SLF4J */
    @Override
    public void setLogWriter(@Nullable PrintWriter out) {
        logWriter = out;
    }

    /**
     * @param seconds for opening a connection, where {@code failoverTimeout} is not shorter, and in place of {@link
     *     DriverManager#getLoginTimeout}; 0: that one counts
     */
    @Override
    public void setLoginTimeout(int seconds) {
        loginTimeoutSeconds = seconds;
    }

    @Override
    public int getLoginTimeout() {
        return loginTimeoutSeconds;
    }

    @Override
    public Logger getParentLogger() throws SQLFeatureNotSupportedException {
        throw new SQLFeatureNotSupportedException("pgbaton logs through SLF4J", "0A000");
    }

    @Override
    public <T> T unwrap(Class<T> type) throws SQLException {
        if (type.isInstance(this)) {
            return type.cast(this);
        }
        throw new SQLException("BatonDataSource is no " + type.getName());
    }

    @Override
    public boolean isWrapperFor(Class<?> type) {
        return type.isInstance(this);
    }

    /** Stops watching the cluster, at once where no connection is open; idempotent. */
    @Override
    public void close() {
        ConnectionSpec last;
        lock.lock();
        try {
            closed = true;
            last = watched;
            watched = null;
        } finally {
            lock.unlock();
        }
        if (last != null) {
            ClusterRef.endUnused(last.config());
        }
    }

    /** Without the URL's parameters, which may hold a password. */
    @Override
    public String toString() {
        String shown =
                url == null ? "no url" : url.replaceFirst("\\?.*", "?...").replaceFirst("//[^/]*@", "//...@");
        return "BatonDataSource[" + shown + "]";
    }
}
