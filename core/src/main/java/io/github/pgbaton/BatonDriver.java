package io.github.pgbaton;

import io.github.pgbaton.config.BatonProperty;
import io.github.pgbaton.config.ConnectionSpec;
import io.github.pgbaton.config.JdbcUrl;
import io.github.pgbaton.internal.jdbc.BatonConnection;
import io.github.pgbaton.internal.probe.Deadline;
import io.github.pgbaton.internal.routing.ClusterRef;
import io.github.pgbaton.internal.session.FollowingSession;
import java.sql.Connection;
import java.sql.Driver;
import java.sql.DriverManager;
import java.sql.DriverPropertyInfo;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.sql.SQLNonTransientConnectionException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * The JDBC driver for {@code jdbc:pgbaton:postgresql:} URLs; every connection it makes is on the cluster's primary and
 * follows it, unless {@code target} names another member.
 *
 * <p>Registers itself with {@link DriverManager}, also through {@code META-INF/services}; loading it starts no thread
 * and opens no socket. Thread-safe.
 */
public final class BatonDriver implements Driver {
    private static final org.postgresql.Driver PGJDBC = new org.postgresql.Driver();

    static {
        try {
            DriverManager.registerDriver(new BatonDriver());
        } catch (SQLException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    /** Made by {@link DriverManager} and by pools; cheap. */
    public BatonDriver() {}

    /**
     * Opens a connection on the primary, or where {@code target} says, waiting for one up to {@code failoverTimeout}, or {@code loginTimeout} where
     * that is shorter.
     *
     * @param url beginning with {@code jdbc:pgbaton:postgresql:}
     * @param info further properties, PgJDBC's and pgbaton's; the URL's win over them
     * @return the connection, or null where the URL is for another driver
     * @throws SQLException 08001 without a writable primary in time, or for a malformed URL; 22023 for a value or a URL
     *     parameter that is not accepted; what PostgreSQL says where waiting cannot help, as 28P01 for a wrong password
     */
    @Override
    public @Nullable Connection connect(String url, @Nullable Properties info) throws SQLException {
        if (!JdbcUrl.accepts(url)) {
            return null;
        }
        ConnectionSpec spec = ConnectionSpec.parse(url, info);
        // Before the reference is taken: nobody would give it back after a refusal.
        Duration timeout = loginTimeout(spec, DriverManager.getLoginTimeout());
        return open(acquire(spec), timeout);
    }

    static ClusterRef acquire(ConnectionSpec spec) throws SQLException {
        try {
            return ClusterRef.acquire(spec);
        } catch (IllegalArgumentException e) {
            throw new SQLNonTransientConnectionException(e.getMessage(), "22023", e);
        }
    }

    static Connection open(ClusterRef cluster, Duration timeout) throws SQLException {
        return new BatonConnection(FollowingSession.open(cluster, Deadline.in(timeout)));
    }

    /**
     * The shortest of what was given for opening a connection.
     *
     * @param seconds what whoever opens it was told, 0 for nothing
     */
    static Duration loginTimeout(ConnectionSpec spec, int seconds) throws SQLException {
        Duration timeout = spec.config().failoverTimeout();
        if (seconds > 0) {
            timeout = shorter(timeout, Duration.ofSeconds(seconds));
        }
        String own = spec.pgProperties().getProperty("loginTimeout");
        if (own != null) {
            try {
                long millis = (long) (Double.parseDouble(own) * 1000);
                timeout = millis > 0 ? shorter(timeout, Duration.ofMillis(millis)) : timeout;
            } catch (NumberFormatException e) {
                throw new SQLNonTransientConnectionException(
                        "loginTimeout=\"" + own + "\" is not a number; accepted: seconds, 0 for no limit", "22023");
            }
        }
        return timeout;
    }

    private static Duration shorter(Duration a, Duration b) {
        return a.compareTo(b) <= 0 ? a : b;
    }

    @Override
    public boolean acceptsURL(@Nullable String url) {
        return JdbcUrl.accepts(url);
    }

    @Override
    public DriverPropertyInfo[] getPropertyInfo(String url, @Nullable Properties info) throws SQLException {
        JdbcUrl parsed = JdbcUrl.accepts(url) ? JdbcUrl.parse(url) : null;
        List<DriverPropertyInfo> all = new ArrayList<>(BatonProperty.driverPropertyInfo(parsed, info));
        all.addAll(List.of(PGJDBC.getPropertyInfo("jdbc:postgresql:", info == null ? new Properties() : info)));
        return all.toArray(DriverPropertyInfo[]::new);
    }

    @Override
    public int getMajorVersion() {
        return 0;
    }

    @Override
    public int getMinorVersion() {
        return 1;
    }

    @Override
    public boolean jdbcCompliant() {
        return PGJDBC.jdbcCompliant();
    }

    @Override
    public Logger getParentLogger() throws SQLFeatureNotSupportedException {
        throw new SQLFeatureNotSupportedException("pgbaton logs through SLF4J", "0A000");
    }
}
