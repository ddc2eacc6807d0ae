package io.github.pgbaton.config;

import static io.github.pgbaton.config.Failures.assertInvalidValue;
import static io.github.pgbaton.config.Failures.assertUnusableUrl;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import io.github.pgbaton.topology.HostPort;
import java.sql.SQLException;
import java.util.Properties;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.Driver;

class ConnectionSpecTest {
    private static ConnectionSpec parse(String rest, String... info) throws SQLException {
        return ConnectionSpec.parse("jdbc:pgbaton:postgresql://" + rest, properties(info));
    }

    private static Properties properties(String... entries) {
        Properties properties = new Properties();
        for (int i = 0; i < entries.length; i += 2) {
            properties.setProperty(entries[i], entries[i + 1]);
        }
        return properties;
    }

    @Test
    void ownPropertiesAreTakenAwayAndTheRestIsLeftForPgJdbc() throws Exception {
        ConnectionSpec spec = parse(
                "pg1/db?failoverTimeout=1s&ApplicationName=app&user=me",
                "password",
                "secret",
                "etcdUser",
                "root",
                "etcdPassword",
                "toor",
                "v$session.program",
                "framework",
                "scope",
                "x");

        assertThat(spec.pgProperties())
                .containsOnly(
                        entry("ApplicationName", "app"),
                        entry("user", "me"),
                        entry("password", "secret"),
                        entry("v$session.program", "framework"));
        assertThat(spec.config().scope()).isEqualTo("x");
        assertThat(spec.database()).isEqualTo("db");
    }

    @Test
    void noneOfOursEverReachesPgJdbc() throws Exception {
        Properties info = properties(
                "patroni", "http://p1", "etcd", "http://e1", "scope", "x", "etcdUser", "u", "etcdPassword", "p");
        info.setProperty("etcdPassword", "x");
        for (BatonProperty property : BatonProperty.values()) {
            String value = property.defaultText();
            if (value != null) {
                info.setProperty(property.key(), value);
            }
        }
        assertThat(ConnectionSpec.parse("jdbc:pgbaton:postgresql:///", info).pgProperties())
                .isEmpty();
    }

    @Test
    void urlWinsOverPropertiesForPgJdbcToo() throws Exception {
        assertThat(parse("pg1/db?user=url", "user", "info").pgProperties()).containsEntry("user", "url");
    }

    @Test
    void defaultsOfPropertiesCountAndPropertiesMayBeMissing() throws Exception {
        Properties info = new Properties(properties("user", "fallback"));
        info.put("notAString", 1);
        assertThat(ConnectionSpec.parse("jdbc:pgbaton:postgresql://pg1/", info).pgProperties())
                .containsOnly(entry("user", "fallback"));
        assertThat(ConnectionSpec.parse("jdbc:pgbaton:postgresql://pg1/", null).pgProperties())
                .isEmpty();
    }

    @Test
    void callersPropertiesAreNeitherChangedNorShared() throws Exception {
        Properties info = properties("scope", "x", "user", "me");
        ConnectionSpec spec = ConnectionSpec.parse("jdbc:pgbaton:postgresql://pg1/", info);
        info.setProperty("user", "other");
        spec.pgProperties().clear();

        assertThat(info).containsEntry("scope", "x");
        assertThat(spec.pgProperties()).containsOnly(entry("user", "me"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"primary", "master", "any"})
    void targetThatThePrimarySatisfiesIsDropped(String target) throws Exception {
        assertThat(parse("pg1/db?targetServerType=" + target + "&loadBalanceHosts=true&hostRecheckSeconds=1")
                        .pgProperties())
                .isEmpty();
        assertThat(parse("pg1/db", "targetServerType", target).pgProperties()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"secondary", "slave", "preferSecondary", "preferPrimary", "Primary", ""})
    void anyOtherTargetIsRefused(String target) {
        assertInvalidValue(() -> parse("pg1/db?targetServerType=" + target))
                .startsWith("targetServerType=\"" + target + "\"")
                .contains("target=replica");
        assertInvalidValue(() -> parse("pg1/db", "targetServerType", target));
    }

    @Test
    void databaseComesFromTheSamePlaceAsPgJdbcWouldTakeIt() throws Exception {
        String[] rests = {"pg1/path", "pg1/path?PGDBNAME=parameter", "pg1/path?dbname=parameter", "pg1/", "pg1/?ssl"};
        for (String rest : rests) {
            for (Properties info : new Properties[] {new Properties(), properties("PGDBNAME", "info")}) {
                Properties pgJdbc = Driver.parseURL("jdbc:postgresql://" + rest, info);
                ConnectionSpec spec = ConnectionSpec.parse("jdbc:pgbaton:postgresql://" + rest, info);

                assertThat(pgJdbc).isNotNull();
                if (pgJdbc != null) {
                    assertThat(String.valueOf(spec.database()))
                            .as("%s with %s", rest, info)
                            .isEqualTo(pgJdbc.getProperty("PGDBNAME", "null"));
                }
                assertThat(spec.pgProperties()).doesNotContainKeys("PGDBNAME", "dbname");
            }
        }
    }

    @Test
    void addressInPropertiesLosesAgainstTheUrlAsWithPgJdbc() throws Exception {
        ConnectionSpec spec = parse("pg1/db", "PGHOST", "elsewhere", "PGPORT", "1", "host", "mine");

        assertThat(spec.config().seeds()).containsExactly(new HostPort("pg1", 5432));
        assertThat(spec.pgProperties()).containsOnly(entry("host", "mine"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"db", "my%20db", "a%2Fb", "a%3Fssl%3Dfalse%26b", "a+b", "a%2Bb%25", "d%C3%A9"})
    void urlOfAMemberMeansTheSameDatabaseToPgJdbc(String database) throws Exception {
        ConnectionSpec spec = parse("pg1/" + database);
        Properties pgJdbc = Driver.parseURL(spec.pgUrl(new HostPort("::1", 5433)), new Properties());

        assertThat(pgJdbc).isNotNull().hasSize(3);
        if (pgJdbc != null) {
            assertThat(pgJdbc)
                    .containsEntry("PGHOST", "[::1]")
                    .containsEntry("PGPORT", "5433")
                    .containsEntry("PGDBNAME", String.valueOf(spec.database()));
        }
    }

    @Test
    void urlOfAMemberHasNoDatabaseWhereNoneIsGiven() throws Exception {
        assertThat(parse("pg1/").pgUrl(new HostPort("pg1", 5432))).isEqualTo("jdbc:postgresql://pg1:5432/");
    }

    @Test
    void toStringShowsNamesButNoValues() throws Exception {
        assertThat(parse(
                        "pg1/db?user=me&password=hunter2",
                        "sslpassword",
                        "hunter2",
                        "etcdUser",
                        "u",
                        "etcdPassword",
                        "hunter2"))
                .asString()
                .contains("db", "pg1", "[password, sslpassword, user]")
                .doesNotContain("hunter2");
    }

    @Test
    void errorsOfUrlAndConfigurationComeThrough() {
        assertUnusableUrl(() -> parse("pg1"));
        assertUnusableUrl(() -> parse("/db"));
        assertInvalidValue(() -> parse("pg1/db?nope"));
        assertInvalidValue(() -> parse("pg1/db", "probeInterval", "1h"));
    }
}
