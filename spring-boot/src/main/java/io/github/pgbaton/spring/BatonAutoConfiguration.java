package io.github.pgbaton.spring;

import com.zaxxer.hikari.HikariDataSource;
import io.github.pgbaton.BatonMeters;
import io.micrometer.core.instrument.binder.MeterBinder;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Conditional;
import org.springframework.context.annotation.Configuration;

/**
 * What a Spring Boot application with a {@code jdbc:pgbaton:} URL needs beside that URL; touches no data source with another
 * one.
 *
 * <p>Serves Boot 3.5 and Boot 4.1: what the two name differently is looked up by name here, or has one class for each.
 */
@AutoConfiguration(
        beforeName = {
            "org.springframework.boot.autoconfigure.jdbc.DataSourceAutoConfiguration",
            "org.springframework.boot.jdbc.autoconfigure.DataSourceAutoConfiguration"
        })
public class BatonAutoConfiguration {
    /** Made by Spring Boot. */
    public BatonAutoConfiguration() {}

    @Bean
    static DriverClassInference pgbatonDriverClassInference() {
        return new DriverClassInference();
    }

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass(HikariDataSource.class)
    static class Pool {
        @Bean
        static HikariPoolSetup pgbatonHikariPoolSetup() {
            return new HikariPoolSetup();
        }
    }

    /** Boot binds every {@link MeterBinder} to every registry. */
    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass(MeterBinder.class)
    static class Meters {
        @Bean
        @ConditionalOnMissingBean
        BatonMeters pgbatonMeters() {
            return new BatonMeters();
        }
    }

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass(org.springframework.boot.actuate.health.HealthIndicator.class)
    @Conditional(HealthEnabled.class)
    static class Boot3Health {
        @Bean
        @ConditionalOnMissingBean(name = "pgbatonHealthIndicator")
        Boot3HealthIndicator pgbatonHealthIndicator() {
            return new Boot3HealthIndicator();
        }
    }

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass(org.springframework.boot.health.contributor.HealthIndicator.class)
    @Conditional(HealthEnabled.class)
    static class Boot4Health {
        @Bean
        @ConditionalOnMissingBean(name = "pgbatonHealthIndicator")
        Boot4HealthIndicator pgbatonHealthIndicator() {
            return new Boot4HealthIndicator();
        }
    }
}
