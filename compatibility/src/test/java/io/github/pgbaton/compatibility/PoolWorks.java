package io.github.pgbaton.compatibility;

import com.mchange.v2.c3p0.ComboPooledDataSource;
import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.agroal.api.AgroalDataSource;
import io.agroal.api.configuration.supplier.AgroalDataSourceConfigurationSupplier;
import io.agroal.api.security.NamePrincipal;
import io.agroal.api.security.SimplePassword;
import io.github.pgbaton.BatonDataSource;
import io.github.pgbaton.BatonDriver;
import io.github.pgbaton.PostgresUrlDriver;
import io.github.pgbaton.hikari.BatonHikari;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.Driver;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import javax.sql.DataSource;
import org.apache.commons.dbcp2.BasicDataSource;
import org.apache.tomcat.jdbc.pool.PoolProperties;

/**
 * Connection pools, each with a transaction in the middle and idle connections beside it; those that are told a driver class, by
 * either of pgbaton's.
 */
final class PoolWorks {
    private static final int SIZE = 4;

    private PoolWorks() {}

    /** A driver class and the URL that it takes; what a pool works on by one leaves the other's table alone. */
    private record Way(Class<? extends Driver> driver, String url, String how, String suffix) {}

    static List<Work> all(Routes routes) throws Exception {
        List<Work> works = new ArrayList<>();
        Way own = new Way(BatonDriver.class, routes.url, "", "");
        Way plain = new Way(
                PostgresUrlDriver.class,
                routes.plainUrl,
                ", by a `jdbc:postgresql:` URL and `PostgresUrlDriver`",
                "_plain");
        works.add(work("HikariCP", own, routes.hikari("", SIZE)));
        works.add(work("HikariCP", plain, routes.closing(BatonHikari.create(hikari(routes, plain)))));
        works.add(alone(
                "with nothing set but `jdbcUrl`", "_url", routes.closing(new HikariDataSource(urlAlone(routes)))));
        works.add(alone(
                "by `dataSourceClassName`", "_source", routes.closing(new HikariDataSource(dataSourceClass(routes)))));
        works.add(alone(
                "by a `jdbc:postgresql:` URL and `PostgresUrlDriver`",
                "_driver",
                routes.closing(new HikariDataSource(hikari(routes, plain)))));
        for (Way way : List.of(own, plain)) {
            works.add(work("Agroal", way, routes.closing(agroal(routes, way))));
            works.add(work("DBCP2", way, routes.closing(dbcp2(routes, way))));
            org.apache.tomcat.jdbc.pool.DataSource tomcat = tomcat(routes, way);
            routes.closing((AutoCloseable) tomcat::close);
            works.add(work("Tomcat JDBC", way, tomcat));
            ComboPooledDataSource c3p0 = c3p0(routes, way);
            routes.closing((AutoCloseable) c3p0::close);
            works.add(work("c3p0", way, c3p0));
        }
        return works;
    }

    private static HikariConfig hikari(Routes routes, Way way) {
        HikariConfig config = new HikariConfig();
        config.setDriverClassName(way.driver().getName());
        config.setJdbcUrl(way.url());
        config.setUsername(routes.user);
        config.setPassword(routes.password);
        config.setMaximumPoolSize(SIZE);
        return config;
    }

    private static HikariConfig urlAlone(Routes routes) {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(routes.url + "&user=" + encoded(routes.user) + "&password=" + encoded(routes.password));
        return config;
    }

    private static HikariConfig dataSourceClass(Routes routes) {
        HikariConfig config = new HikariConfig();
        config.setDataSourceClassName(BatonDataSource.class.getName());
        config.addDataSourceProperty("url", routes.url);
        config.addDataSourceProperty("user", routes.user);
        config.addDataSourceProperty("password", routes.password);
        return config;
    }

    private static String encoded(String value) {
        return URLEncoder.encode(value, StandardCharsets.UTF_8);
    }

    /** HikariCP without {@code BatonHikari} and without an exception override: the pool knows nothing of what it lends. */
    private static Work alone(String how, String suffix, HikariDataSource pool) {
        return work("HikariCP alone", ", " + how, suffix, pool);
    }

    private static AgroalDataSource agroal(Routes routes, Way way) throws Exception {
        return AgroalDataSource.from(new AgroalDataSourceConfigurationSupplier()
                .connectionPoolConfiguration(pool -> pool.maxSize(SIZE)
                        .acquisitionTimeout(Duration.ofSeconds(90))
                        .connectionFactoryConfiguration(factory -> factory.connectionProviderClass(way.driver())
                                .jdbcUrl(way.url())
                                .principal(new NamePrincipal(routes.user))
                                .credential(new SimplePassword(routes.password)))));
    }

    private static BasicDataSource dbcp2(Routes routes, Way way) {
        BasicDataSource pool = new BasicDataSource();
        pool.setDriverClassName(way.driver().getName());
        pool.setUrl(way.url());
        pool.setUsername(routes.user);
        pool.setPassword(routes.password);
        pool.setMaxTotal(SIZE);
        return pool;
    }

    private static org.apache.tomcat.jdbc.pool.DataSource tomcat(Routes routes, Way way) {
        PoolProperties properties = new PoolProperties();
        properties.setDriverClassName(way.driver().getName());
        properties.setUrl(way.url());
        properties.setUsername(routes.user);
        properties.setPassword(routes.password);
        properties.setMaxActive(SIZE);
        properties.setInitialSize(1);
        properties.setMinIdle(1);
        properties.setMaxIdle(SIZE);
        return new org.apache.tomcat.jdbc.pool.DataSource(properties);
    }

    private static ComboPooledDataSource c3p0(Routes routes, Way way) throws Exception {
        ComboPooledDataSource pool = new ComboPooledDataSource();
        pool.setDriverClass(way.driver().getName());
        // Else it asks DriverManager, which gives it PgJDBC for a plain URL.
        pool.setForceUseNamedDriverClass(way.driver() == PostgresUrlDriver.class);
        pool.setJdbcUrl(way.url());
        pool.setUser(routes.user);
        pool.setPassword(routes.password);
        pool.setMinPoolSize(1);
        pool.setInitialPoolSize(1);
        pool.setMaxPoolSize(SIZE);
        return pool;
    }

    private static Work work(String name, Way way, DataSource pool) {
        return work(name, way.how(), way.suffix(), pool);
    }

    private static Work work(String name, String how, String suffix, DataSource pool) {
        String table = "pool_" + name.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]", "") + suffix;
        String what = "a transaction, and idle connections lent again after it" + how;
        return new Work(name, what, table, 2, attempt -> {
            try (Connection first = pool.getConnection();
                    Connection second = pool.getConnection();
                    Connection third = pool.getConnection()) {
                Sql.run(first, "CREATE TABLE IF NOT EXISTS " + table + " (attempt text)");
                Sql.run(second, "SELECT 1");
                Sql.run(third, "SELECT 1");
            }
            try (Connection connection = pool.getConnection()) {
                connection.setAutoCommit(false);
                Sql.insert(connection, table, attempt);
                attempt.middle();
                Sql.insert(connection, table, attempt);
                connection.commit();
            }
            try (Connection first = pool.getConnection();
                    Connection second = pool.getConnection();
                    Connection third = pool.getConnection()) {
                for (Connection connection : List.of(first, second, third)) {
                    if (Sql.inRecovery(connection)) {
                        throw new AssertionError(name + " lent a connection to a replica");
                    }
                }
            }
        });
    }
}
