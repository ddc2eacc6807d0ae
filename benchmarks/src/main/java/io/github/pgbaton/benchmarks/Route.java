package io.github.pgbaton.benchmarks;

import com.zaxxer.hikari.HikariConfig;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Properties;

/**
 * The two drivers that are compared; both connect to the same member. Public for the code that JMH generates in another
 * package.
 */
public enum Route {
    /** PgJDBC by itself. */
    PGJDBC {
        @Override
        String url(Server server) {
            return "jdbc:postgresql://" + server.address();
        }
    },
    /** The leader in etcd, as in production: the watch and its threads are there while it is measured. */
    PGBATON {
        @Override
        String url(Server server) {
            return "jdbc:pgbaton:postgresql://" + server.address() + "?" + server.leaderSource();
        }
    };

    private static final String PREFIX = "pgbaton.benchmarks.";
    private static final String USER = PREFIX + "user";
    private static final String PASSWORD = PREFIX + "password";

    abstract String url(Server server);

    Connection connect() throws SQLException {
        Properties info = new Properties();
        info.setProperty("user", property(USER));
        info.setProperty("password", property(PASSWORD));
        return DriverManager.getConnection(property(PREFIX + name()), info);
    }

    /** The same for a pool. */
    void configure(HikariConfig pool) {
        pool.setJdbcUrl(property(PREFIX + name()));
        pool.setUsername(property(USER));
        pool.setPassword(property(PASSWORD));
    }

    private static String property(String name) {
        String value = System.getProperty(name);
        if (value == null) {
            throw new IllegalStateException("-D" + name + " is not set; Overhead starts a server and sets it");
        }
        return value;
    }

    /** What {@link #connect} reads, as options of the JVMs that JMH forks. */
    static String[] jvmOptions(Server server) {
        return properties(server).entrySet().stream()
                .map(property -> "-D" + property.getKey() + "=" + property.getValue())
                .toArray(String[]::new);
    }

    /** Sets the same in this JVM. */
    static void use(Server server) {
        properties(server).forEach(System::setProperty);
    }

    private static Map<String, String> properties(Server server) {
        Map<String, String> properties = new LinkedHashMap<>();
        properties.put(USER, server.user());
        properties.put(PASSWORD, server.password());
        Arrays.stream(values()).forEach(route -> properties.put(PREFIX + route.name(), route.url(server)));
        return properties;
    }
}
