package io.github.pgbaton.spring;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.jdbc.DataSourceAutoConfiguration;
import org.springframework.boot.autoconfigure.jdbc.DataSourceProperties;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Starts applications as Boot does, with its own auto-configuration of data sources beside ours; connects to nothing. */
public final class Start {
    static final String URL = "jdbc:pgbaton:postgresql://127.0.0.1:1/mydb";

    private Start() {}

    static ApplicationContextRunner application() {
        return new ApplicationContextRunner()
                .withConfiguration(
                        AutoConfigurations.of(BatonAutoConfiguration.class, DataSourceAutoConfiguration.class));
    }

    /**
     * For a class loader of its own, which sees other classes than the caller.
     *
     * @param properties of the environment, as {@code name=value}
     * @return the beans that are ours, and the class of the data source; or how the start failed
     */
    public static List<String> beans(String... properties) {
        List<String> beans = new ArrayList<>();
        application()
                .withPropertyValues("spring.datasource.url=" + URL)
                .withPropertyValues(properties)
                .run(context -> {
                    if (context.getStartupFailure() != null) {
                        beans.add(String.valueOf(context.getStartupFailure()));
                        return;
                    }
                    Arrays.stream(context.getBeanDefinitionNames())
                            .filter(name -> name.startsWith("pgbaton"))
                            .forEach(beans::add);
                    beans.add(context.getBean("dataSource").getClass().getSimpleName());
                    beans.add(context.getBean(DataSourceProperties.class).getDriverClassName());
                });
        return beans;
    }

    /** The commonest form of a data source of the application's own: the constructor starts the pool. */
    @Configuration(proxyBeanMethods = false)
    static class StartedPool {
        @Bean
        HikariDataSource dataSource() {
            HikariConfig config = new HikariConfig();
            config.setJdbcUrl(URL);
            config.setInitializationFailTimeout(-1);
            config.setMinimumIdle(0);
            config.setKeepaliveTime(0);
            return new HikariDataSource(config);
        }
    }

    /** Two of ours and one that is not, each with properties under a prefix of its own. */
    @Configuration(proxyBeanMethods = false)
    static class SeveralPools {
        @Bean
        @ConfigurationProperties("orders")
        DataSourceProperties ordersProperties() {
            return new DataSourceProperties();
        }

        @Bean
        HikariDataSource orders(DataSourceProperties ordersProperties) {
            return pool(ordersProperties);
        }

        @Bean
        @ConfigurationProperties("stock")
        DataSourceProperties stockProperties() {
            return new DataSourceProperties();
        }

        @Bean
        HikariDataSource stock(DataSourceProperties stockProperties) {
            return pool(stockProperties);
        }

        @Bean
        @ConfigurationProperties("archive")
        DataSourceProperties archiveProperties() {
            return new DataSourceProperties();
        }

        @Bean
        HikariDataSource archive(DataSourceProperties archiveProperties) {
            return pool(archiveProperties);
        }

        private static HikariDataSource pool(DataSourceProperties properties) {
            return properties
                    .initializeDataSourceBuilder()
                    .type(HikariDataSource.class)
                    .build();
        }
    }
}
