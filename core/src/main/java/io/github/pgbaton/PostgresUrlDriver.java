package io.github.pgbaton;

import io.github.pgbaton.config.BatonProperty;
import java.sql.Connection;
import java.sql.Driver;
import java.sql.DriverManager;
import java.sql.DriverPropertyInfo;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.sql.SQLNonTransientConnectionException;
import java.util.Properties;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * {@link BatonDriver} for tools that insist on a plain {@code jdbc:postgresql:} URL; it serves only who names this class,
 * and never takes such a URL away from PgJDBC by itself.
 *
 * <p>It is in no {@code META-INF/services} and loading it does not register it with {@link DriverManager}: a JVM in which
 * one tool names it has other users of PgJDBC. So it is for tools that make an instance of the class they are told
 * (HikariCP, DBCP2, Tomcat JDBC, Flyway, Liquibase, Spring Boot), not for those that merely load it and ask
 * {@code DriverManager} for the URL: those get PgJDBC.
 *
 * <p>pgbaton's properties may stand in the URL, as {@code jdbc:postgresql://pg1,pg2/mydb?etcd=http://e1&scope=shop}; in the
 * connection properties; or in a file, which the property {@code batonConfig} names or, for tools that take neither, the
 * system property {@value #CONFIG_FILE}. They win over each other in this order. Without {@code etcd} and {@code patroni}
 * the members of the URL are asked. Thread-safe.
 */
public final class PostgresUrlDriver implements Driver {
    /** The system property that names a file of properties where neither the URL nor the connection's properties do. */
    public static final String CONFIG_FILE = "pgbaton.config";

    private static final String PREFIX = "jdbc:postgresql:";

    private final BatonDriver driver = new BatonDriver();

    /** Made by tools that are told this class; cheap. */
    public PostgresUrlDriver() {}

    /**
     * Opens a connection as {@link BatonDriver#connect} does.
     *
     * @param url beginning with {@code jdbc:postgresql:}; its members must be named, as in {@code //pg1,pg2/}, unless
     *     {@code etcd} or {@code patroni} is
     * @param info further properties, PgJDBC's and pgbaton's; the URL's win over them
     * @return the connection, or null where the URL is for another driver
     * @throws SQLException as {@link BatonDriver#connect}; 22023 for a file that is not accepted
     */
    @Override
    public @Nullable Connection connect(String url, @Nullable Properties info) throws SQLException {
        return acceptsURL(url) ? driver.connect(ours(url), settings(info)) : null;
    }

    /** PgJDBC alone takes {@code jdbc:postgresql:mydb} for one on this machine; a cluster is never meant by that. */
    private static String ours(String url) throws SQLException {
        if (!url.startsWith("//", PREFIX.length())) {
            throw new SQLNonTransientConnectionException(
                    "malformed URL: it does not start with jdbc:postgresql://; accepted by PostgresUrlDriver:"
                            + " jdbc:postgresql://host:port,host:port/database?parameter=value",
                    "08001");
        }
        return "jdbc:pgbaton:postgresql:" + url.substring(PREFIX.length());
    }

    private static Properties settings(@Nullable Properties info) {
        Properties all = new Properties();
        String file = System.getProperty(CONFIG_FILE);
        if (file != null) {
            all.setProperty(BatonProperty.BATON_CONFIG.key(), file);
        }
        if (info != null) {
            info.stringPropertyNames().forEach(name -> all.setProperty(name, info.getProperty(name, "")));
            all.putAll(info);
        }
        return all;
    }

    @Override
    public boolean acceptsURL(@Nullable String url) {
        return url != null && url.startsWith(PREFIX);
    }

    @Override
    public DriverPropertyInfo[] getPropertyInfo(String url, @Nullable Properties info) throws SQLException {
        return driver.getPropertyInfo(acceptsURL(url) ? ours(url) : url, info);
    }

    @Override
    public int getMajorVersion() {
        return driver.getMajorVersion();
    }

    @Override
    public int getMinorVersion() {
        return driver.getMinorVersion();
    }

    @Override
    public boolean jdbcCompliant() {
        return driver.jdbcCompliant();
    }

    @Override
    public Logger getParentLogger() throws SQLFeatureNotSupportedException {
        return driver.getParentLogger();
    }
}
