package io.github.pgbaton.spring;

import com.zaxxer.hikari.HikariDataSource;
import io.github.pgbaton.config.ConnectionSpec;
import io.github.pgbaton.config.JdbcUrl;
import io.github.pgbaton.hikari.BatonExceptionOverride;
import java.sql.SQLException;
import java.util.concurrent.TimeUnit;
import org.springframework.beans.factory.BeanCreationException;
import org.springframework.beans.factory.config.BeanPostProcessor;

/** Sets up each HikariCP pool on a URL of pgbaton's for failover, after Boot has bound its properties and before it is used. */
final class HikariPoolSetup implements BeanPostProcessor {
    private static final long HIKARIS_CONNECTION_TIMEOUT = TimeUnit.SECONDS.toMillis(30);
    private static final long MARGIN = TimeUnit.SECONDS.toMillis(5);

    @Override
    public Object postProcessBeforeInitialization(Object bean, String name) {
        if (bean instanceof HikariDataSource pool && JdbcUrl.accepts(pool.getJdbcUrl())) {
            setUp(pool, name);
        }
        return bean;
    }

    private static void setUp(HikariDataSource pool, String name) {
        if (pool.getExceptionOverride() == null && pool.getExceptionOverrideClassName() == null) {
            pool.setExceptionOverride(new BatonExceptionOverride());
        }
        if (pool.getConnectionTimeout() == HIKARIS_CONNECTION_TIMEOUT) {
            try {
                long failover = ConnectionSpec.parse(pool.getJdbcUrl(), pool.getDataSourceProperties())
                        .config()
                        .failoverTimeout()
                        .toMillis();
                pool.setConnectionTimeout(Math.max(HIKARIS_CONNECTION_TIMEOUT, failover + MARGIN));
            } catch (SQLException e) {
                throw new BeanCreationException(name, String.valueOf(e.getMessage()), e);
            }
        }
    }
}
