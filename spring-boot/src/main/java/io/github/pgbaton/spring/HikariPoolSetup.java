package io.github.pgbaton.spring;

import com.zaxxer.hikari.HikariDataSource;
import io.github.pgbaton.BatonDataSource;
import io.github.pgbaton.BatonDriver;
import io.github.pgbaton.PostgresUrlDriver;
import io.github.pgbaton.config.JdbcUrl;
import io.github.pgbaton.hikari.BatonHikari;
import org.springframework.beans.factory.BeanCreationException;
import org.springframework.beans.factory.config.BeanPostProcessor;

/** Sets up each HikariCP pool on a URL or a data source of pgbaton's for failover, after Boot has bound its properties and before it is used. */
final class HikariPoolSetup implements BeanPostProcessor {
    @Override
    public Object postProcessBeforeInitialization(Object bean, String name) {
        if (bean instanceof HikariDataSource pool && leadsToUs(pool)) {
            try {
                BatonHikari.customize(pool);
            } catch (IllegalArgumentException e) {
                throw new BeanCreationException(name, String.valueOf(e.getMessage()), e);
            }
        }
        return bean;
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
