package io.github.pgbaton.config;

import io.github.pgbaton.topology.HostPort;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.Properties;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What one URL and one set of properties ask for, immutable: which cluster, which database, and what is left for PgJDBC.
 *
 * <p>PgJDBC's order of precedence holds: a parameter of the URL, then the URL itself (the database behind the slash),
 * then {@link Properties}, and last the file that {@code batonConfig} names. Of the properties left for PgJDBC, pgbaton's own, the address and what chooses among hosts
 * are taken away; user and password stay. Unknown names in {@code Properties} stay too, as PgJDBC keeps them:
 * frameworks add their own.
 */
public final class ConnectionSpec {
    private final BatonConfig config;
    private final @Nullable String database;
    private final Properties pgProperties;

    private ConnectionSpec(BatonConfig config, @Nullable String database, Properties pgProperties) {
        this.config = config;
        this.database = database;
        this.pgProperties = pgProperties;
    }

    /**
     * @param url a URL that {@link JdbcUrl#accepts}
     * @param info further properties, null for none; their defaults count, entries that are not strings do not
     * @return what they ask for
     * @throws SQLException 08001 where the URL is malformed or names nothing to connect to, 22023 where a parameter or a
     *     value is not accepted
     */
    public static ConnectionSpec parse(String url, @Nullable Properties info) throws SQLException {
        return from(JdbcUrl.parse(url), info);
    }

    /**
     * @param url a parsed URL
     * @param info further properties, null for none; their defaults count, entries that are not strings do not
     * @return what they ask for
     * @throws SQLException 08001 where nothing to connect to is named, 22023 where a value is not accepted
     */
    public static ConnectionSpec from(JdbcUrl url, @Nullable Properties info) throws SQLException {
        Properties given = ConfigFile.under(url, info == null ? new Properties() : info);
        BatonConfig config = BatonConfig.of(url, given);

        Properties left = new Properties();
        given.stringPropertyNames().forEach(name -> left.setProperty(name, given.getProperty(name, "")));
        String database = url.database();
        if (database == null) {
            database = left.getProperty("PGDBNAME");
        }
        left.keySet().removeAll(PgParameters.ADDRESS_PROPERTIES);
        url.parameters().forEach(left::setProperty);
        for (String name : PgParameters.DATABASE) {
            if (url.parameters().containsKey(name)) {
                database = url.parameters().get(name);
                left.remove(name);
            }
        }
        checkTarget(left.getProperty(PgParameters.TARGET_SERVER_TYPE));
        left.remove(PgParameters.TARGET_SERVER_TYPE);
        left.remove("PGDBNAME");
        left.keySet().removeAll(PgParameters.HOST_CHOICE);
        left.keySet().removeIf(name -> BatonProperty.of((String) name) != null);
        return new ConnectionSpec(config, database == null || database.isEmpty() ? null : database, left);
    }

    /**
     * @param user null for the one there is
     * @param password null for the one there is
     * @return the same for these credentials, whatever the URL says
     */
    public ConnectionSpec as(@Nullable String user, @Nullable String password) {
        if (user == null && password == null) {
            return this;
        }
        Properties changed = pgProperties();
        if (user != null) {
            changed.setProperty("user", user);
        }
        if (password != null) {
            changed.setProperty("password", password);
        }
        return new ConnectionSpec(config, database, changed);
    }

    private static void checkTarget(@Nullable String target) throws SQLException {
        if (target != null && !PgParameters.PRIMARY_TARGETS.contains(target)) {
            throw ConfigErrors.invalidValue(
                    PgParameters.TARGET_SERVER_TYPE + "=" + InvalidSettingException.quote(target)
                            + ": pgbaton has target=replica and target=preferReplica for that; accepted: primary, master, any");
        }
    }

    /** @return the cluster and how to follow it */
    public BatonConfig config() {
        return config;
    }

    /** @return the database's name, never empty; null where none is given, and then PgJDBC takes the name of the user */
    public @Nullable String database() {
        return database;
    }

    /** @return what is left for PgJDBC, credentials included; a new copy, without defaults, that the caller may change */
    public Properties pgProperties() {
        Properties copy = new Properties();
        copy.putAll(pgProperties);
        return copy;
    }

    /**
     * @param member one member of the cluster
     * @return PgJDBC's URL of this database there, without parameters or credentials; goes with {@link #pgProperties}
     */
    public String pgUrl(HostPort member) {
        // PgJDBC decodes with URLDecoder, which takes the + that URLEncoder writes for a space
        return "jdbc:postgresql://" + member + "/"
                + (database == null ? "" : URLEncoder.encode(database, StandardCharsets.UTF_8));
    }

    /** For logs: of the properties for PgJDBC, the names only. */
    @Override
    public String toString() {
        return "ConnectionSpec[" + config + ", database=" + database + ", pgProperties="
                + new TreeSet<>(pgProperties.stringPropertyNames()) + "]";
    }
}
