package io.github.pgbaton.compatibility;

import com.mchange.v2.c3p0.ComboPooledDataSource;
import io.agroal.api.AgroalDataSource;
import io.agroal.api.configuration.supplier.AgroalDataSourceConfigurationSupplier;
import io.agroal.api.security.NamePrincipal;
import io.agroal.api.security.SimplePassword;
import io.github.pgbaton.BatonDriver;
import java.sql.Connection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import javax.sql.DataSource;
import org.apache.commons.dbcp2.BasicDataSource;
import org.apache.tomcat.jdbc.pool.PoolProperties;

/** Connection pools, each with a transaction in the middle and idle connections beside it. */
final class PoolWorks {
    private static final int SIZE = 4;

    private PoolWorks() {}

    static List<Work> all(Routes routes) throws Exception {
        List<Work> works = new ArrayList<>();
        works.add(work("HikariCP", routes.hikari("", SIZE)));
        works.add(work("Agroal", routes.closing(agroal(routes))));
        works.add(work("DBCP2", routes.closing(dbcp2(routes))));
        org.apache.tomcat.jdbc.pool.DataSource tomcat = tomcat(routes);
        routes.closing((AutoCloseable) tomcat::close);
        works.add(work("Tomcat JDBC", tomcat));
        ComboPooledDataSource c3p0 = c3p0(routes);
        routes.closing((AutoCloseable) c3p0::close);
        works.add(work("c3p0", c3p0));
        return works;
    }

    private static AgroalDataSource agroal(Routes routes) throws Exception {
        return AgroalDataSource.from(new AgroalDataSourceConfigurationSupplier()
                .connectionPoolConfiguration(pool -> pool.maxSize(SIZE)
                        .acquisitionTimeout(Duration.ofSeconds(90))
                        .connectionFactoryConfiguration(factory -> factory.connectionProviderClass(BatonDriver.class)
                                .jdbcUrl(routes.url)
                                .principal(new NamePrincipal(routes.user))
                                .credential(new SimplePassword(routes.password)))));
    }

    private static BasicDataSource dbcp2(Routes routes) {
        BasicDataSource pool = new BasicDataSource();
        pool.setDriverClassName(BatonDriver.class.getName());
        pool.setUrl(routes.url);
        pool.setUsername(routes.user);
        pool.setPassword(routes.password);
        pool.setMaxTotal(SIZE);
        return pool;
    }

    private static org.apache.tomcat.jdbc.pool.DataSource tomcat(Routes routes) {
        PoolProperties properties = new PoolProperties();
        properties.setDriverClassName(BatonDriver.class.getName());
        properties.setUrl(routes.url);
        properties.setUsername(routes.user);
        properties.setPassword(routes.password);
        properties.setMaxActive(SIZE);
        properties.setInitialSize(1);
        properties.setMinIdle(1);
        properties.setMaxIdle(SIZE);
        return new org.apache.tomcat.jdbc.pool.DataSource(properties);
    }

    private static ComboPooledDataSource c3p0(Routes routes) throws Exception {
        ComboPooledDataSource pool = new ComboPooledDataSource();
        pool.setDriverClass(BatonDriver.class.getName());
        pool.setJdbcUrl(routes.url);
        pool.setUser(routes.user);
        pool.setPassword(routes.password);
        pool.setMinPoolSize(1);
        pool.setInitialPoolSize(1);
        pool.setMaxPoolSize(SIZE);
        return pool;
    }

    private static Work work(String name, DataSource pool) {
        String table = "pool_" + name.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]", "");
        return new Work(name, "a transaction, and idle connections lent again after it", table, 2, attempt -> {
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
