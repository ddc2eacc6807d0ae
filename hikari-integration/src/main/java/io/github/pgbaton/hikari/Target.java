package io.github.pgbaton.hikari;

import com.zaxxer.hikari.HikariConfig;
import io.github.pgbaton.BatonDataSource;
import io.github.pgbaton.BatonDriver;
import io.github.pgbaton.PostgresUrlDriver;
import io.github.pgbaton.config.BatonProperty;
import io.github.pgbaton.config.ConnectionSpec;
import java.sql.SQLException;
import java.util.Properties;
import javax.sql.DataSource;

/**
 * Where a pool's configuration leads: a data source of pgbaton's, and what its settings say.
 *
 * @param source gives connections
 * @param spec its settings
 */
record Target(DataSource source, ConnectionSpec spec) {
    private static final String POSTGRESQL = "jdbc:postgresql:";
    private static final String ACCEPTED = "; accepted: jdbcUrl=jdbc:pgbaton:postgresql://..., dataSourceClassName="
            + BatonDataSource.class.getName() + " with dataSource.url, or a dataSource of that class";

    /** @throws IllegalArgumentException where it does not lead to pgbaton, or pgbaton does not accept it */
    static Target of(HikariConfig config) {
        DataSource given = config.getDataSource();
        if (given != null) {
            return ofDataSource(given);
        }
        String className = config.getDataSourceClassName();
        if (className != null && !className.isEmpty()) {
            if (!className.equals(BatonDataSource.class.getName())) {
                throw new IllegalArgumentException("dataSourceClassName=" + className + " is not pgbaton's" + ACCEPTED);
            }
            return ofProperties(config.getDataSourceProperties());
        }
        String url = config.getJdbcUrl();
        if (url == null || url.isEmpty()) {
            throw new IllegalArgumentException("the configuration names no database" + ACCEPTED);
        }
        return ofUrl(url, config);
    }

    private static Target ofDataSource(DataSource given) {
        if (given instanceof PooledDataSource ours) {
            return ofDataSource(ours.source());
        }
        try {
            if (given.isWrapperFor(BatonDataSource.class)) {
                return new Target(given, spec(given.unwrap(BatonDataSource.class)));
            }
        } catch (SQLException e) {
            throw new IllegalArgumentException(e.getMessage(), e);
        }
        throw new IllegalArgumentException("dataSource is a " + given.getClass().getName() + ACCEPTED);
    }

    private static Target ofProperties(Properties properties) {
        BatonDataSource source = new BatonDataSource();
        properties.forEach((name, value) -> {
            if (name.equals("url") || name.equals("jdbcUrl")) {
                source.setUrl(String.valueOf(value));
            } else {
                source.setProperty(String.valueOf(name), String.valueOf(value));
            }
        });
        return ofDataSource(source);
    }

    private static Target ofUrl(String url, HikariConfig config) {
        String driver = config.getDriverClassName();
        BatonDataSource source = new BatonDataSource(url);
        if (PostgresUrlDriver.class.getName().equals(driver) && url.startsWith(POSTGRESQL)) {
            source.setUrl("jdbc:pgbaton:postgresql:" + url.substring(POSTGRESQL.length()));
            String file = System.getProperty(PostgresUrlDriver.CONFIG_FILE);
            if (file != null) {
                source.setProperty(BatonProperty.BATON_CONFIG.key(), file);
            }
        } else if (!url.startsWith("jdbc:pgbaton:")) {
            // Without what follows, which may hold a password.
            throw new IllegalArgumentException("jdbcUrl starts with " + url.replaceFirst("(^[^/?]*).*", "$1")
                    + ", which is not pgbaton's" + ACCEPTED);
        } else if (driver != null && !driver.isEmpty() && !driver.equals(BatonDriver.class.getName())) {
            // One that traces, for example, would never see a call, and nobody would be told.
            throw new IllegalArgumentException(
                    "driverClassName=" + driver + " is not pgbaton's, and pgbaton's data"
                            + " source would open the connections without it. Take driverClassName away, or, to go on through"
                            + " that driver, make the pool with new HikariDataSource(config): what this one adds is then missing");
        }
        config.getDataSourceProperties()
                .forEach((name, value) -> source.setProperty(String.valueOf(name), String.valueOf(value)));
        String password = config.getPassword();
        if (config.getUsername() == null && password != null) {
            // HikariCP gives a driver what it gives no data source: a password whose user the URL or a property names.
            source.setPassword(password);
        }
        return ofDataSource(source);
    }

    static ConnectionSpec spec(BatonDataSource source) {
        try {
            return source.spec();
        } catch (SQLException e) {
            throw new IllegalArgumentException(e.getMessage(), e);
        }
    }
}
