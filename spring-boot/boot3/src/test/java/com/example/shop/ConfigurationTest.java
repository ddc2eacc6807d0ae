package com.example.shop;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.github.pgbaton.hikari.BatonExceptionOverride;
import io.github.pgbaton.spring.BatonAutoConfiguration;
import io.micrometer.core.instrument.MeterRegistry;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.SpringBootVersion;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * What the starter makes of an application's configuration, with each Boot's own auto-configuration beside it; connects to nothing.
 * The starter's own tests, which see more of it, run with Boot 3.5 alone.
 */
@ExtendWith(OutputCaptureExtension.class)
class ConfigurationTest {
    private static final String URL = "jdbc:pgbaton:postgresql://127.0.0.1:1/mydb";

    @Configuration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class Application {}

    @Configuration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class WithAStartedPool {
        @Bean
        HikariDataSource dataSource() {
            HikariConfig config = new HikariConfig();
            config.setJdbcUrl(URL);
            config.setInitializationFailTimeout(-1);
            config.setMinimumIdle(0);
            return new HikariDataSource(config);
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class APool {
        @Bean
        HikariDataSource dataSource() {
            HikariDataSource pool = new HikariDataSource();
            pool.setJdbcUrl(URL);
            return pool;
        }
    }

    private static ApplicationContextRunner application(Class<?> configuration) {
        return new ApplicationContextRunner().withUserConfiguration(configuration);
    }

    private static ApplicationContextRunner application() {
        return application(Application.class).withPropertyValues("spring.datasource.url=" + URL);
    }

    @Test
    void bootIsTheOneMeant() {
        assertThat(SpringBootVersion.getVersion()).startsWith(System.getProperty("boot.expected"));
    }

    @Test
    void theUrlAloneSetsEverythingUp() {
        application().run(context -> {
            assertThat(context).hasNotFailed();
            assertThat(context)
                    .hasBean("pgbatonDriverClassInference")
                    .hasBean("pgbatonHikariPoolSetup")
                    .hasBean("pgbatonMeters")
                    .hasBean("pgbatonHealthIndicator");
            HikariDataSource pool = context.getBean(HikariDataSource.class);
            assertThat(pool.getDriverClassName()).isEqualTo("io.github.pgbaton.BatonDriver");
            assertThat(pool.getExceptionOverride()).isInstanceOf(BatonExceptionOverride.class);
            assertThat(pool.getConnectionTimeout()).isEqualTo(65_000);
        });
    }

    @Test
    void whatIsSetUnderHikariIsKeptAndReportedOnce(CapturedOutput output) {
        application()
                .withPropertyValues(
                        "spring.datasource.hikari.connection-timeout=5000",
                        "spring.datasource.hikari.pool-name=orders")
                .run(context -> {
                    assertThat(context).hasNotFailed();
                    HikariDataSource pool = context.getBean(HikariDataSource.class);
                    assertThat(pool.getConnectionTimeout()).isEqualTo(5_000);
                    assertThat(pool.getExceptionOverride()).isInstanceOf(BatonExceptionOverride.class);
                });
        assertThat(output.getAll()).containsOnlyOnce("5000 ms is shorter than failoverTimeout=60000ms");
    }

    @Test
    void poolThatTheApplicationHasStartedIsUsedAsItIsAndReported(CapturedOutput output) {
        application(WithAStartedPool.class).run(context -> {
            assertThat(context).hasNotFailed();
            HikariDataSource pool = context.getBean(HikariDataSource.class);
            assertThat(pool.isRunning()).isTrue();
            assertThat(pool.getExceptionOverride()).isNull();
        });
        assertThat(output.getAll()).contains("dataSource was started").contains("BatonHikari.create(config)");
    }

    @Test
    void anotherDriversPoolIsLeftAlone() {
        application(Application.class)
                .withPropertyValues("spring.datasource.url=jdbc:postgresql://127.0.0.1:1/mydb")
                .run(context -> {
                    assertThat(context).hasNotFailed();
                    HikariDataSource pool = context.getBean(HikariDataSource.class);
                    assertThat(pool.getDriverClassName()).isEqualTo("org.postgresql.Driver");
                    assertThat(pool.getExceptionOverride()).isNull();
                    assertThat(pool.getConnectionTimeout()).isEqualTo(30_000);
                });
    }

    @Test
    void withoutMicrometerThereAreNoMeters() {
        application()
                .withClassLoader(new FilteredClassLoader(MeterRegistry.class.getPackageName()))
                .run(context -> {
                    assertThat(context).hasNotFailed();
                    assertThat(context).doesNotHaveBean("pgbatonMeters").hasBean("pgbatonHikariPoolSetup");
                });
    }

    /** Beside nothing but a pool: Boot's own would miss the classes that are left out here, which have other names in Boot 4. */
    @Test
    void withoutActuatorThereIsNoHealthIndicator() {
        new ApplicationContextRunner()
                .withConfiguration(AutoConfigurations.of(BatonAutoConfiguration.class))
                .withUserConfiguration(APool.class)
                .withClassLoader(
                        new FilteredClassLoader("org.springframework.boot.actuate", "org.springframework.boot.health"))
                .run(context -> {
                    assertThat(context).hasNotFailed();
                    assertThat(context)
                            .doesNotHaveBean("pgbatonHealthIndicator")
                            .hasBean("pgbatonMeters")
                            .hasBean("pgbatonHikariPoolSetup");
                    assertThat(context.getBean(HikariDataSource.class).getExceptionOverride())
                            .isInstanceOf(BatonExceptionOverride.class);
                });
    }

    @Test
    void theHealthIndicatorCanBeTurnedOff() {
        application()
                .withPropertyValues("management.health.pgbaton.enabled=false")
                .run(context -> {
                    assertThat(context).hasNotFailed();
                    assertThat(context).doesNotHaveBean("pgbatonHealthIndicator").hasBean("pgbatonHikariPoolSetup");
                });
    }
}
