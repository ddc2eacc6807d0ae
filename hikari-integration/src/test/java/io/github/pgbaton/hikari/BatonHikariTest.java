package io.github.pgbaton.hikari;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.SQLExceptionOverride;
import io.github.pgbaton.BatonDataSource;
import io.github.pgbaton.BatonDriver;
import io.github.pgbaton.PostgresUrlDriver;
import io.github.pgbaton.hikari.Finding.Kind;
import java.io.File;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Driver;
import java.sql.DriverPropertyInfo;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.function.Consumer;
import java.util.logging.Logger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

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

    @ParameterizedTest
    @ValueSource(strings = {"in the URL", "as a property", "as the pool's"})
    void passwordOfThePoolIsTheOneThatIsUsedWhereverTheUserStands(String user) throws SQLException {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(URL + (user.equals("in the URL") ? "&user=app" : ""));
        if (user.equals("as a property")) {
            config.addDataSourceProperty("user", "app");
            config.addDataSourceProperty("password", "an old one");
        } else if (user.equals("as the pool's")) {
            config.setUsername("app");
        }
        config.setPassword("hidden");
        BatonHikari.customize(config);

        BatonDataSource source = config.getDataSource().unwrap(BatonDataSource.class);
        // HikariCP opens with both where it has a user, and with none of them where it has none.
        Properties used = (config.getUsername() == null
                        ? source.spec()
                        : source.spec().as(config.getUsername(), config.getPassword()))
                .pgProperties();
        assertThat(used.getProperty("user")).isEqualTo("app");
        assertThat(used.getProperty("password")).isEqualTo("hidden");
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
                harmful(
                        "maxLifetime",
                        c -> {
                            c.setMaxLifetime(45_000);
                            c.setKeepaliveTime(30_000);
                        },
                        "retire",
                        "1800000"),
                harmful("keepaliveTime", c -> c.setKeepaliveTime(0), "0 ms turns it off", "set it to 120000"),
                harmful(
                        "keepaliveTime",
                        c -> c.setKeepaliveTime(29_999),
                        "29999 ms is shorter than its minimum of 30000 ms",
                        "set it to 120000"),
                harmful(
                        "keepaliveTime",
                        c -> c.setMaxLifetime(120_000),
                        "120000 ms is not shorter than maxLifetime=120000ms",
                        "set it to 30000, or maxLifetime to more than 120000"),
                harmful(
                        "leakDetectionThreshold",
                        c -> c.setLeakDetectionThreshold(45_000),
                        "reported as leaks",
                        "more than 45000"),
                harmful(
                        "dataSourceJNDI",
                        c -> c.setDataSourceJNDI("java:comp/env/jdbc/orders"),
                        "it is not used",
                        "take it away"),
                harmful(
                        "exceptionOverride",
                        c -> c.setExceptionOverride(new Own()),
                        Own.class.getName() + " decides which connections HikariCP keeps",
                        "let it ask BatonExceptionOverride where it has no opinion, or take it away"));
    }

    private static final class Own implements SQLExceptionOverride {}

    /** What is said of a keepalive has to be what HikariCP does: it judges when the pool starts. */
    @ParameterizedTest
    @CsvSource({
        "29999, 1800000",
        "30000, 1800000",
        "120000, 119999",
        "120000, 120000",
        "120000, 120001",
        "30000, 30000",
        "29999, 30000",
        "30000, 30001",
        "120000, 20000",
        "3600000, 0"
    })
    void keepaliveIsReportedWhereHikariTurnsItOff(long keepalive, long life) {
        HikariConfig config = config();
        config.setKeepaliveTime(keepalive);
        config.setMaxLifetime(life);

        List<Finding> findings = keepalive(config);

        config.validate();
        boolean off = config.getKeepaliveTime() == 0;
        assertThat(findings).hasSize(off ? 1 : 0);
        if (off) {
            follow(findings.get(0).fix(), config);
            assertThat(keepalive(config)).isEmpty();
            config.validate();
            assertThat(config.getKeepaliveTime()).as(findings.get(0).fix()).isPositive();
        }
    }

    private static List<Finding> keepalive(HikariConfig config) {
        return BatonHikari.check(config).stream()
                .filter(finding -> finding.setting().equals("keepaliveTime"))
                .toList();
    }

    private static void follow(String fix, HikariConfig config) {
        config.setKeepaliveTime(Long.parseLong(fix.replaceAll("^set it to (\\d+).*", "$1")));
        if (fix.contains(" and maxLifetime to more than that")) {
            config.setMaxLifetime(config.getKeepaliveTime() + 1);
        }
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

    /** HikariCP asks it for the URL; a data source in its place would leave it out without a word. */
    @ParameterizedTest
    @ValueSource(classes = {Tracing.class, org.postgresql.Driver.class})
    void driverInFrontOfOursIsRefusedRatherThanLeftOut(Class<? extends Driver> driver) {
        HikariConfig config = config();
        config.setDriverClassName(driver.getName());

        assertThatIllegalArgumentException()
                .isThrownBy(() -> BatonHikari.customize(config))
                .withMessageContaining("driverClassName=" + driver.getName() + " is not pgbaton's")
                .withMessageContaining("Take driverClassName away");
        assertThatIllegalArgumentException().isThrownBy(() -> BatonHikari.check(config));
        assertThat(config.getDataSource()).isNull();
    }

    /** Takes our URLs for its own. */
    public static final class Tracing implements Driver {
        private final Driver ours = new BatonDriver();

        @Override
        public Connection connect(String url, Properties info) throws SQLException {
            return ours.connect(url, info);
        }

        @Override
        public boolean acceptsURL(String url) throws SQLException {
            return ours.acceptsURL(url);
        }

        @Override
        public DriverPropertyInfo[] getPropertyInfo(String url, Properties info) throws SQLException {
            return ours.getPropertyInfo(url, info);
        }

        @Override
        public int getMajorVersion() {
            return ours.getMajorVersion();
        }

        @Override
        public int getMinorVersion() {
            return ours.getMinorVersion();
        }

        @Override
        public boolean jdbcCompliant() {
            return ours.jdbcCompliant();
        }

        @Override
        public Logger getParentLogger() throws SQLFeatureNotSupportedException {
            return ours.getParentLogger();
        }
    }

    @Test
    void ourOwnDriverMayBeNamed() {
        HikariConfig config = config();
        config.setDriverClassName(BatonDriver.class.getName());

        assertThat(BatonHikari.check(config)).isEmpty();
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
