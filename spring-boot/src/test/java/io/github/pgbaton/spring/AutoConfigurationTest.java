package io.github.pgbaton.spring;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.zaxxer.hikari.HikariDataSource;
import io.github.pgbaton.hikari.BatonExceptionOverride;
import io.github.pgbaton.hikari.BatonHikari;
import java.io.File;
import java.net.URL;
import java.net.URLClassLoader;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;
import org.springframework.boot.test.context.assertj.AssertableApplicationContext;

/** What becomes of applications that have more, or less, than the one data source and everything beside it. */
class AutoConfigurationTest {
    /** As it is for an application that does not have some jars: what needs their classes cannot even be loaded. */
    @SuppressWarnings("unchecked")
    private static List<String> beansWithout(List<String> jars, String... properties) throws Exception {
        List<URL> left = new ArrayList<>();
        List<String> absent = new ArrayList<>(jars);
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
            File file = new File(entry);
            if (jars.stream().noneMatch(jar -> file.getName().matches(jar + "-[0-9].*"))) {
                left.add(file.toURI().toURL());
            } else {
                absent.removeIf(jar -> file.getName().matches(jar + "-[0-9].*"));
            }
        }
        assertThat(absent).as("jars that were not there to be left out").isEmpty();
        Thread thread = Thread.currentThread();
        ClassLoader before = thread.getContextClassLoader();
        try (URLClassLoader loader =
                new URLClassLoader(left.toArray(URL[]::new), ClassLoader.getPlatformClassLoader())) {
            thread.setContextClassLoader(loader);
            return (List<String>) loader.loadClass(Start.class.getName())
                    .getMethod("beans", String[].class)
                    .invoke(null, (Object) properties);
        } finally {
            thread.setContextClassLoader(before);
        }
    }

    @Test
    void poolThatTheApplicationHasStartedIsUsedAsItIsAndReported() {
        Logger logger = (Logger) LoggerFactory.getLogger(HikariPoolSetup.class);
        ListAppender<ILoggingEvent> lines = new ListAppender<>();
        lines.start();
        logger.addAppender(lines);
        try {
            Start.application().withUserConfiguration(Start.StartedPool.class).run(context -> {
                assertThat(context).hasNotFailed();
                HikariDataSource pool = context.getBean(HikariDataSource.class);
                assertThat(pool.isRunning()).isTrue();
                assertThat(pool.getExceptionOverride()).isNull();
            });
        } finally {
            logger.detachAppender(lines);
        }
        assertThat(lines.list)
                .extracting(ILoggingEvent::getFormattedMessage)
                .anyMatch(
                        line -> line.contains("dataSource was started") && line.contains("BatonHikari.create(config)"))
                .anyMatch(line -> line.contains("keepaliveTime"));
    }

    @Test
    void everythingIsThereWhereTheApplicationHasEverything() throws Exception {
        assertThat(beansWithout(List.of("spring-boot-health")))
                .containsExactlyInAnyOrder(
                        "pgbatonDriverClassInference",
                        "pgbatonHikariPoolSetup",
                        "pgbatonMeters",
                        "pgbatonHealthIndicator",
                        "HikariDataSource",
                        "io.github.pgbaton.BatonDriver");
    }

    @Test
    void withoutMicrometerThereAreNoMeters() throws Exception {
        assertThat(beansWithout(List.of("micrometer-core", "spring-boot-health")))
                .containsExactlyInAnyOrder(
                        "pgbatonDriverClassInference",
                        "pgbatonHikariPoolSetup",
                        "pgbatonHealthIndicator",
                        "HikariDataSource",
                        "io.github.pgbaton.BatonDriver");
    }

    @Test
    void withoutActuatorThereIsNoHealthIndicator() throws Exception {
        assertThat(beansWithout(List.of("spring-boot-actuator", "spring-boot-health")))
                .containsExactlyInAnyOrder(
                        "pgbatonDriverClassInference",
                        "pgbatonHikariPoolSetup",
                        "pgbatonMeters",
                        "HikariDataSource",
                        "io.github.pgbaton.BatonDriver");
    }

    @Test
    void withoutHikariTheDriverIsInferredForWhateverPoolThereIs() throws Exception {
        assertThat(beansWithout(
                        List.of("HikariCP", "spring-boot-health"),
                        "spring.datasource.type=org.springframework.jdbc.datasource.SimpleDriverDataSource"))
                .containsExactlyInAnyOrder(
                        "pgbatonDriverClassInference",
                        "pgbatonMeters",
                        "pgbatonHealthIndicator",
                        "SimpleDriverDataSource",
                        "io.github.pgbaton.BatonDriver");
    }

    @Test
    void eachOfSeveralDataSourcesIsSetUpByItsOwnUrl() {
        Start.application()
                .withUserConfiguration(Start.SeveralPools.class)
                .withPropertyValues(
                        "orders.url=" + Start.URL + "?failoverTimeout=2m",
                        "stock.url=" + Start.URL,
                        "archive.url=jdbc:postgresql://127.0.0.1:1/archive")
                .run(context -> {
                    assertThat(context).hasNotFailed();
                    assertThat(pool(context, "orders").getExceptionOverride())
                            .isInstanceOf(BatonExceptionOverride.class);
                    assertThat(pool(context, "orders").getConnectionTimeout()).isEqualTo(125_000);
                    assertThat(pool(context, "stock").getExceptionOverride())
                            .isInstanceOf(BatonExceptionOverride.class);
                    assertThat(pool(context, "stock").getConnectionTimeout()).isEqualTo(65_000);
                    assertThat(pool(context, "archive").getExceptionOverride()).isNull();
                    assertThat(pool(context, "archive").getConnectionTimeout()).isEqualTo(30_000);
                });
    }

    /** Set up before Boot has bound its properties, the pool would show HikariCP's defaults, which are raised. */
    @Test
    void whatIsSetUnderHikariIsKeptAndReportedOnce() {
        Logger logger = (Logger) LoggerFactory.getLogger(BatonHikari.class);
        ListAppender<ILoggingEvent> lines = new ListAppender<>();
        lines.start();
        logger.addAppender(lines);
        try {
            Start.application()
                    .withPropertyValues(
                            "spring.datasource.url=" + Start.URL,
                            "spring.datasource.hikari.connection-timeout=5000",
                            "spring.datasource.hikari.maximum-pool-size=7",
                            "spring.datasource.hikari.pool-name=orders")
                    .run(context -> {
                        assertThat(context).hasNotFailed();
                        HikariDataSource pool = context.getBean(HikariDataSource.class);
                        assertThat(pool.getConnectionTimeout()).isEqualTo(5_000);
                        assertThat(pool.getMaximumPoolSize()).isEqualTo(7);
                        assertThat(pool.getExceptionOverride()).isInstanceOf(BatonExceptionOverride.class);
                    });
        } finally {
            logger.detachAppender(lines);
        }
        assertThat(lines.list).singleElement().satisfies(line -> {
            assertThat(line.getLevel()).isEqualTo(Level.WARN);
            assertThat(line.getFormattedMessage())
                    .startsWith("orders - ")
                    .contains("connectionTimeout", "5000 ms is shorter than failoverTimeout=60000ms");
        });
    }

    private static HikariDataSource pool(AssertableApplicationContext context, String name) {
        return context.getBean(name, HikariDataSource.class);
    }
}
