package io.github.pgbaton.hikari;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.SQLExceptionOverride;
import io.github.pgbaton.BatonDataSource;
import io.github.pgbaton.PostgresUrlDriver;
import io.github.pgbaton.hikari.Finding.Kind;
import java.io.File;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What a configuration is made of, and what is said of it; no pool is started. */
class BatonHikariTest {
    private static final String URL = "jdbc:pgbaton:postgresql://pg1,pg2/app?failoverTimeout=45s";

    private static HikariConfig config() {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(URL);
        config.setPassword("hidden");
        return config;
    }

    @Test
    void nothingIsSaidOfDefaultsButWhatWasChanged() {
        HikariConfig config = config();

        List<Finding> findings = BatonHikari.customize(config);

        assertThat(findings).extracting(Finding::kind).containsExactly(Kind.CHANGED);
        assertThat(findings).extracting(Finding::setting).containsExactly("connectionTimeout");
        assertThat(config.getConnectionTimeout()).isEqualTo(50_000);
        assertThat(config.getExceptionOverride()).isInstanceOf(BatonExceptionOverride.class);
        assertThat(config.getJdbcUrl()).isEqualTo(URL);
    }

    @Test
    void secondTimeChangesNothing() throws SQLException {
        HikariConfig config = config();
        BatonHikari.customize(config);
        Object source = config.getDataSource();

        assertThat(BatonHikari.customize(config)).isEmpty();
        assertThat(config.getDataSource()).isSameAs(source);
        assertThat(config.getDataSource().unwrap(BatonDataSource.class).getUrl())
                .isEqualTo(URL);
    }

    @Test
    void defaultsAreThoseOfHikari() {
        HikariConfig fresh = new HikariConfig();

        assertThat(fresh.getConnectionTimeout()).isEqualTo(SettingsReview.DEFAULT_CONNECTION_TIMEOUT);
        assertThat(fresh.getInitializationFailTimeout()).isEqualTo(SettingsReview.DEFAULT_INITIALIZATION_FAIL_TIMEOUT);
        assertThat(fresh.getMaxLifetime()).isEqualTo(SettingsReview.DEFAULT_MAX_LIFETIME);
        assertThat(fresh.getKeepaliveTime()).isEqualTo(SettingsReview.DEFAULT_KEEPALIVE_TIME);
    }

    /** In a class loader of its own, which has seen no configuration without the file. */
    @Test
    void whatTheFileOfASystemPropertySetsIsNoDefault(@TempDir Path directory) throws Exception {
        Path file = Files.writeString(directory.resolve("pool.properties"), "connectionTimeout=10000\n");
        List<URL> classes = new ArrayList<>();
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
            classes.add(new File(entry).toURI().toURL());
        }
        System.setProperty("hikaricp.configurationFile", file.toString());
        try (URLClassLoader loader =
                new URLClassLoader(classes.toArray(URL[]::new), ClassLoader.getPlatformClassLoader())) {
            Class<?> type = loader.loadClass(HikariConfig.class.getName());
            Object config = type.getConstructor().newInstance();
            type.getMethod("setJdbcUrl", String.class).invoke(config, URL);

            Object findings = loader.loadClass(BatonHikari.class.getName())
                    .getMethod("customize", type)
                    .invoke(null, config);

            assertThat(String.valueOf(findings)).contains("10000 ms is shorter than failoverTimeout=45000ms");
            assertThat(type.getMethod("getConnectionTimeout").invoke(config)).isEqualTo(10_000L);
        } finally {
            System.clearProperty("hikaricp.configurationFile");
        }
    }

    @Test
    void checkChangesNothing() {
        HikariConfig config = config();

        assertThat(BatonHikari.check(config)).isEmpty();
        assertThat(config.getDataSource()).isNull();
        assertThat(config.getExceptionOverride()).isNull();
        assertThat(config.getConnectionTimeout()).isEqualTo(30_000);
    }

    @Test
    void whatSomebodySetIsReportedAndStays() {
        SQLExceptionOverride own = new SQLExceptionOverride() {};
        HikariConfig config = config();
        config.setConnectionTimeout(10_000);
        config.setExceptionOverride(own);

        List<Finding> findings = BatonHikari.customize(config);

        assertThat(findings)
                .extracting(Finding::setting)
                .containsExactlyInAnyOrder("connectionTimeout", "exceptionOverride");
        assertThat(config.getConnectionTimeout()).isEqualTo(10_000);
        assertThat(config.getExceptionOverride()).isSameAs(own);
    }

    @Test
    void connectionTimeoutThatOutlastsAFailoverStays() {
        HikariConfig config = config();
        config.setConnectionTimeout(46_000);

        assertThat(BatonHikari.customize(config)).isEmpty();
        assertThat(config.getConnectionTimeout()).isEqualTo(46_000);
    }

    @ParameterizedTest
    @MethodSource("harmful")
    void settingThatDefeatsAFailoverIsNamedWithItsFix(
            String setting, Consumer<HikariConfig> set, String problem, String fix) {
        HikariConfig config = config();
        set.accept(config);

        List<Finding> findings = BatonHikari.check(config);

        assertThat(findings).hasSize(1);
        Finding only = findings.get(0);
        assertThat(only.kind()).isEqualTo(Kind.WARNING);
        assertThat(only.setting()).isEqualTo(setting);
        assertThat(only.problem()).contains(problem);
        assertThat(only.fix()).contains(fix);
    }

    static Stream<Arguments> harmful() {
        return Stream.of(
                harmful(
                        "connectionTimeout",
                        c -> c.setConnectionTimeout(44_000),
                        "44000 ms is shorter",
                        "set it to 50000"),
                harmful(
                        "loginTimeout",
                        c -> c.addDataSourceProperty("loginTimeout", "20"),
                        "20 s is shorter",
                        "take it away"),
                harmful(
                        "initializationFailTimeout",
                        c -> c.setInitializationFailTimeout(20_000),
                        "does not bound a start",
                        "set it to 1"),
                harmful(
                        "connectionInitSql",
                        c -> c.setConnectionInitSql("SET x.y = 1"),
                        "once for each connection",
                        "pgbaton's connectionInitSql"),
                harmful(
                        "connectionTestQuery",
                        c -> c.setConnectionTestQuery("SELECT 1"),
                        "waits there",
                        "take it away"),
                harmful("validationTimeout", c -> c.setValidationTimeout(20_000), "20000 ms", "5000 or less"),
                harmful("maxLifetime", c -> c.setMaxLifetime(45_000), "retire", "1800000"),
                harmful("keepaliveTime", c -> c.setKeepaliveTime(0), "firewall", "120000"),
                harmful(
                        "leakDetectionThreshold",
                        c -> c.setLeakDetectionThreshold(45_000),
                        "reported as leaks",
                        "more than 45000"));
    }

    private static Arguments harmful(String setting, Consumer<HikariConfig> set, String problem, String fix) {
        return Arguments.of(setting, Named.of("set", set), problem, fix);
    }

    @ParameterizedTest
    @MethodSource("ways")
    void everyWayToNamePgbatonLeadsThere(Consumer<HikariConfig> name) throws SQLException {
        HikariConfig config = new HikariConfig();
        name.accept(config);

        BatonHikari.customize(config);

        BatonDataSource source = config.getDataSource().unwrap(BatonDataSource.class);
        assertThat(source.getUrl()).startsWith("jdbc:pgbaton:postgresql://pg1/app");
        assertThat(source.spec().config().connectLimit()).isEqualTo(3);
        config.validate();
    }

    static Stream<Consumer<HikariConfig>> ways() {
        return Stream.of(
                config -> config.setJdbcUrl("jdbc:pgbaton:postgresql://pg1/app?connectLimit=3"),
                config -> {
                    config.setJdbcUrl("jdbc:pgbaton:postgresql://pg1/app");
                    config.addDataSourceProperty("connectLimit", "3");
                },
                config -> {
                    config.setDataSourceClassName("io.github.pgbaton.BatonDataSource");
                    config.addDataSourceProperty("url", "jdbc:pgbaton:postgresql://pg1/app");
                    config.addDataSourceProperty("connectLimit", "3");
                },
                config -> config.setDataSource(new BatonDataSource("jdbc:pgbaton:postgresql://pg1/app?connectLimit=3")),
                config -> {
                    config.setDriverClassName(PostgresUrlDriver.class.getName());
                    config.setJdbcUrl("jdbc:postgresql://pg1/app?connectLimit=3");
                });
    }

    @Test
    void anotherDriversUrlIsRefusedWithoutShowingIt() {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl("jdbc:postgresql://pg1/app?password=hidden");

        assertThatIllegalArgumentException()
                .isThrownBy(() -> BatonHikari.customize(config))
                .withMessageContaining("jdbcUrl starts with jdbc:postgresql:")
                .withMessageContaining("accepted: jdbcUrl=jdbc:pgbaton:postgresql://")
                .satisfies(e -> assertThat(e.getMessage()).doesNotContain("hidden"));
    }

    @Test
    void valueThatTheDriverRefusesIsRefusedBeforeThePoolStarts() {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl("jdbc:pgbaton:postgresql://pg1/app?failoverTimeout=soon");

        assertThatIllegalArgumentException()
                .isThrownBy(() -> BatonHikari.create(config))
                .withMessageContaining("failoverTimeout");
        assertThat(config.getDataSource()).isNull();
    }

    @Test
    void configurationWithoutADatabaseIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> BatonHikari.customize(new HikariConfig()))
                .withMessageContaining("names no database");
    }
}
