package io.github.pgbaton.spring;

import com.zaxxer.hikari.HikariDataSource;
import io.github.pgbaton.BatonDataSource;
import io.github.pgbaton.BatonDriver;
import io.github.pgbaton.PostgresUrlDriver;
import io.github.pgbaton.config.JdbcUrl;
import io.github.pgbaton.hikari.BatonHikari;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.BeanCreationException;
import org.springframework.beans.factory.config.BeanPostProcessor;

/**
 * Sets up each HikariCP pool on a URL or a data source of pgbaton's for failover, after Boot has bound its properties and before it is used;
 * one that the application itself has started is left as it is, and reported.
 */
final class HikariPoolSetup implements BeanPostProcessor {
    private static final Logger LOG = LoggerFactory.getLogger(HikariPoolSetup.class);

    @Override
    public Object postProcessBeforeInitialization(Object bean, String name) {
        if (bean instanceof HikariDataSource pool && leadsToUs(pool)) {
            try {
                BatonHikari.customize(pool);
            } catch (IllegalArgumentException e) {
                throw new BeanCreationException(name, String.valueOf(e.getMessage()), e);
            } catch (IllegalStateException e) {
                // Made by new HikariDataSource(config), for example: HikariCP lets nobody change it any more, and it
                // works as plain HikariCP does. An application that starts is better than one that does not.
                report(pool, name);
            }
        }
        return bean;
    }

    private static void report(HikariDataSource pool, String bean) {
        LOG.warn(
                "the pool of the bean {} was started by the application before it could be set up for failover, and is used as"
                        + " it is: its idle connections do not move in the background, and HikariCP's own rules decide which connections"
                        + " are thrown away after an error. Make it with BatonHikari.create(config), or call"
                        + " BatonHikari.customize(config) before it is started",
                bean);
        BatonHikari.check(pool).forEach(finding -> LOG.warn("{} - {}", pool.getPoolName(), finding));
    }

    /** A driver of another name, one that traces for example, is in front of ours for a reason, and is left there. */
    private static boolean leadsToUs(HikariDataSource pool) {
        if (pool.getDataSource() != null) {
            return pool.getDataSource() instanceof BatonDataSource;
        }
        if (pool.getDataSourceClassName() != null) {
            return pool.getDataSourceClassName().equals(BatonDataSource.class.getName());
        }
        String driver = pool.getDriverClassName();
        return PostgresUrlDriver.class.getName().equals(driver)
                || (JdbcUrl.accepts(pool.getJdbcUrl())
                        && (driver == null || driver.equals(BatonDriver.class.getName())));
    }
}
