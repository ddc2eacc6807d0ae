package io.github.pgbaton.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.pgbaton.BatonDriver;
import io.github.pgbaton.PostgresUrlDriver;
import io.github.pgbaton.scripted.ScriptedLeaderSource;
import io.github.pgbaton.scripted.ScriptedPostgres;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Driver;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Properties;
import java.util.ServiceLoader;
import java.util.concurrent.atomic.AtomicInteger;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The driver for plain URLs: whom it serves, and where it has its settings from. */
@Timeout(60)
class PostgresUrlDriverTest {
    private static final AtomicInteger SCOPES = new AtomicInteger();
    private static final String SOURCE = "etcd=http://127.0.0.1:1";

    @TempDir
    Path directory;

    private final String scope = "plain-" + SCOPES.incrementAndGet();
    private final PostgresUrlDriver driver = new PostgresUrlDriver();
    private ScriptedPostgres standby;
    private ScriptedPostgres primary;
    private String url;

    @BeforeEach
    void cluster() throws Exception {
        standby = new ScriptedPostgres().inRecovery(true);
        primary = new ScriptedPostgres();
        ScriptedLeaderSource.register(scope)
                .member("node1", standby.address())
                .member("node2", primary.address())
                .elect("node2");
        url = "jdbc:postgresql://" + standby.address() + "/db?sslmode=disable";
    }

    @AfterEach
    void close() throws Exception {
        System.clearProperty(PostgresUrlDriver.CONFIG_FILE);
        standby.close();
        primary.close();
    }

    private static Properties properties(String... more) {
        Properties properties = new Properties();
        properties.setProperty("user", "app");
        for (String property : more) {
            int equals = property.indexOf('=');
            properties.setProperty(property.substring(0, equals), property.substring(equals + 1));
        }
        return properties;
    }

    private Path file(String... lines) throws Exception {
        return Files.write(Files.createTempFile(directory, "pgbaton", ".properties"), List.of(lines));
    }

    private void assertOnThePrimary(String target, Properties info) throws SQLException {
        try (Connection connection = driver.connect(target, info);
                Statement statement = connection.createStatement()) {
            statement.execute("SELECT 1");
        }
        assertThat(primary.statements()).contains("SELECT 1");
        assertThat(standby.statements()).doesNotContain("SELECT 1");
    }

    private AbstractThrowableAssert<?, ?> assertRefused(String state, String target, Properties info) {
        return assertThatThrownBy(() -> driver.connect(target, info))
                .isInstanceOf(SQLException.class)
                .hasNoCause()
                .satisfies(e -> assertThat(((SQLException) e).getSQLState()).isEqualTo(state));
    }

    @Test
    void loadingItTakesNoUrlAwayFromPgJdbc() throws Exception {
        Class.forName(PostgresUrlDriver.class.getName(), true, getClass().getClassLoader());

        assertThat(DriverManager.drivers()).noneMatch(PostgresUrlDriver.class::isInstance);
        assertThat(ServiceLoader.load(Driver.class)).noneMatch(PostgresUrlDriver.class::isInstance);
        assertThat(DriverManager.getDriver(url)).isInstanceOf(org.postgresql.Driver.class);
        assertThat(DriverManager.getDriver("jdbc:pgbaton:postgresql://pg1/")).isInstanceOf(BatonDriver.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"jdbc:pgbaton:postgresql://pg1/db", "jdbc:mysql://pg1/db", "jdbc:postgresqlx://pg1/db", ""})
    void urlOfAnotherDriverIsLeftToIt(String other) throws Exception {
        assertThat(driver.acceptsURL(other)).isFalse();
        assertThat(driver.connect(other, properties())).isNull();
    }

    @Test
    void settingsComeFromTheUrl() throws Exception {
        assertOnThePrimary(url + "&" + SOURCE + "&scope=" + scope, properties());
    }

    @Test
    void settingsComeFromTheConnectionProperties() throws Exception {
        assertOnThePrimary(url, properties(SOURCE, "scope=" + scope));
    }

    @Test
    void settingsComeFromAFileThatThePropertiesName() throws Exception {
        assertOnThePrimary(url, properties("batonConfig=" + file(SOURCE, "scope=" + scope)));
    }

    @Test
    void settingsComeFromAFileThatTheUrlNames() throws Exception {
        assertOnThePrimary(url + "&batonConfig=" + file("user=app", SOURCE, "scope=" + scope), null);
    }

    @Test
    void settingsComeFromAFileThatTheSystemPropertyNames() throws Exception {
        System.setProperty(
                PostgresUrlDriver.CONFIG_FILE, file(SOURCE, "scope=" + scope).toString());
        assertOnThePrimary(url, properties());
    }

    @Test
    void urlWinsOverPropertiesAndPropertiesOverTheFile() throws Exception {
        Path file = file(SOURCE, "scope=nobody-leads-here", "namespace=/nobody-leads-here");
        System.setProperty(PostgresUrlDriver.CONFIG_FILE, "/no/such/file");
        assertOnThePrimary(
                url + "&scope=" + scope,
                properties("namespace=/service", "scope=not-this-one-either", "batonConfig=" + file));
    }

    @Test
    void withoutASourceTheMembersOfTheUrlAreAsked() throws Exception {
        assertOnThePrimary(
                "jdbc:postgresql://" + standby.address() + "," + primary.address() + "/db?sslmode=disable",
                properties());
    }

    @Test
    void nobodyIsMeantByAUrlWithoutMembers() {
        assertRefused("08001", "jdbc:postgresql:db", properties()).hasMessageContaining("jdbc:postgresql://host:port");
        assertRefused("08001", "jdbc:postgresql:///db", properties()).hasMessageContaining("no member is named");
    }

    @Test
    void fileThatIsNotThereIsNamed() {
        assertRefused("22023", url, properties("batonConfig=/no/such/file"))
                .hasMessage("batonConfig=\"/no/such/file\" does not exist; accepted: the path of a readable file");
    }

    @Test
    void misspeltNameInTheFileIsRefused() throws Exception {
        assertRefused("22023", url, properties("batonConfig=" + file("failoverTimout=10s")))
                .hasMessageContaining("\"failoverTimout\", did you mean failoverTimeout?");
    }

    @Test
    void membersAndOtherFilesDoNotBelongInTheFile() throws Exception {
        assertRefused("22023", url, properties("batonConfig=" + file("PGHOST=pg1")))
                .hasMessageContaining("members in the URL");
        assertRefused("22023", url, properties("batonConfig=" + file("batonConfig=/another")))
                .hasMessageContaining("names another file");
    }

    @Test
    void whatIsInTheFileIsNotShown() throws Exception {
        assertRefused("22023", url, properties("batonConfig=" + file("etcdPassword=\\uSECRET")))
                .hasMessageNotContaining("SECRET")
                .hasMessageContaining("is not a Java properties file");
        assertRefused("22023", url, properties("batonConfig=" + file("etcdPassword=SECRET")))
                .hasMessageNotContaining("SECRET");
    }

    @Test
    void driversPropertiesAreDescribedForAToolsForm() throws Exception {
        assertThat(driver.getPropertyInfo(url, properties("scope=x")))
                .anySatisfy(p -> {
                    assertThat(p.name).isEqualTo("scope");
                    assertThat(p.value).isEqualTo("x");
                })
                .anySatisfy(p -> assertThat(p.name).isEqualTo("ApplicationName"));
    }
}
