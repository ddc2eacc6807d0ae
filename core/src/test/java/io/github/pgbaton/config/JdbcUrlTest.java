package io.github.pgbaton.config;

import static io.github.pgbaton.config.Failures.assertInvalidValue;
import static io.github.pgbaton.config.Failures.assertUnusableUrl;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import io.github.pgbaton.topology.HostPort;
import java.sql.SQLDataException;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JdbcUrlTest {
    private static final String START = "jdbc:pgbaton:postgresql://";

    private static JdbcUrl parse(String rest) throws SQLException {
        return JdbcUrl.parse(START + rest);
    }

    @Test
    void fullUrlIsTakenApart() throws Exception {
        JdbcUrl url = parse("pg1:5432,pg2,[2001:db8::2]:5433/mydb"
                + "?etcd=http://e1:2379,http://e2:2379&scope=pgcluster&namespace=/db&ssl");

        assertThat(url.seeds())
                .containsExactly(
                        new HostPort("pg1", 5432), new HostPort("pg2", 5432), new HostPort("2001:db8::2", 5433));
        assertThat(url.database()).isEqualTo("mydb");
        assertThat(url.parameters())
                .containsExactly(
                        entry("etcd", "http://e1:2379,http://e2:2379"),
                        entry("scope", "pgcluster"),
                        entry("namespace", "/db"),
                        entry("ssl", ""));
    }

    @Test
    void databaseAndValuesAreDecodedAsPgJdbcDoesIt() throws Exception {
        JdbcUrl url = parse("pg1/my%20d%2Fb%C3%A9?password=a%26b%3Dc%2B+d&currentSchema=x=y");

        assertThat(url.database()).isEqualTo("my d/bé");
        assertThat(url.parameters()).containsEntry("password", "a&b=c+ d").containsEntry("currentSchema", "x=y");
    }

    @Test
    void databaseMayBeMissing() throws Exception {
        assertThat(parse("pg1/").database()).isNull();
        assertThat(parse("pg1/?ssl").database()).isNull();
    }

    @Test
    void membersMayBeMissing() throws Exception {
        assertThat(parse("/mydb").seeds()).isEmpty();
    }

    @Test
    void memberGivenTwiceCountsOnce() throws Exception {
        assertThat(parse("pg1,PG1:5432/").seeds()).containsExactly(new HostPort("pg1", 5432));
    }

    @Test
    void emptyParametersAreSkipped() throws Exception {
        assertThat(parse("pg1/db?&&ssl=true&").parameters()).containsExactly(entry("ssl", "true"));
    }

    @Test
    void parametersCannotBeChanged() throws Exception {
        JdbcUrl url = parse("pg1/db?ssl=true");
        Assertions.assertThatThrownBy(() -> url.parameters().put("a", "b"))
                .isInstanceOf(UnsupportedOperationException.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"jdbc:pgbaton:postgresql://pg1/db", "jdbc:pgbaton:", "jdbc:pgbaton:mysql://x"})
    void everyUrlOfThisPrefixIsAcceptedSoThatParsingCanSayWhatIsWrong(String url) {
        assertThat(JdbcUrl.accepts(url)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "jdbc:postgresql://pg1/db", "JDBC:PGBATON:postgresql://pg1/", "jdbc:pgbaton2:x", "x"})
    void foreignUrlIsNotAccepted(String url) {
        assertThat(JdbcUrl.accepts(url)).isFalse();
    }

    @Test
    void nullIsNotAccepted() {
        assertThat(JdbcUrl.accepts(null)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "jdbc:pgbaton:mydb",
                "jdbc:pgbaton:postgresql:mydb",
                "jdbc:pgbaton://pg1/db",
                "jdbc:pgbaton:postgresql:/",
                "jdbc:pgbaton:?postgresql://",
                "jdbc:postgresql://pg1/db",
                ""
            })
    void urlWithoutTheFullStartIsRefusedWithTheFormItNeeds(String url) {
        assertUnusableUrl(() -> JdbcUrl.parse(url)).contains("jdbc:pgbaton:postgresql://host:port");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "pg1", "pg1?ssl=true", "pg1?currentSchema=a/b"})
    void slashBehindTheMembersIsRequiredAsByPgJdbc(String rest) {
        assertUnusableUrl(() -> parse(rest)).contains("slash");
    }

    @Test
    void secondSlashIsRefusedAsByPgJdbc() {
        assertUnusableUrl(() -> parse("pg1/a/b")).contains("%2F");
    }

    @ParameterizedTest
    @ValueSource(strings = {"pg1,,pg2/", ",pg1/", "pg1,/", "pg1:/", "pg1:x/", "pg1:70000/", "::1/", "[::1/", "p g/"})
    void malformedMemberIsRefusedAndNamedByItsPosition(String rest) {
        assertUnusableUrl(() -> parse(rest)).contains("member ");
    }

    @Test
    void positionOfTheMalformedMemberCountsFromOne() {
        assertUnusableUrl(() -> parse("pg1,pg2:x/")).contains("member 2").contains("pg2:x");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "user:hunter2@pg1/db", "user:hunter2@pg1:5432,pg2/db", "user:hunter2%40pg1/db", "hunter2@pg1/",
                "user:hunter2@pg1", "user:hunter2/@pg1/db", "user:/hunter2@pg1/db", "user:?hunter2@pg1/db",
                "pg1,user:hunter2@pg2/", "user:hunter2@pg1/db?foo=hunter2", "user:%zzhunter2@pg1/db"
            })
    void userAndPasswordBeforeTheMembersAreRefusedWithoutShowingThem(String rest) {
        assertUnusableUrl(() -> parse(rest)).doesNotContain("hunter2");
    }

    @Test
    void userinfoIsSentToTheProperties() {
        assertUnusableUrl(() -> parse("user:hunter2@pg1/db")).contains("use the properties user and password");
    }

    @Test
    void unknownParameterNamesTheNearestKnownOne() {
        assertInvalidValue(() -> parse("pg1/db?failoverTimout=60s"))
                .isEqualTo("unknown parameter failoverTimout in the URL, did you mean failoverTimeout?");
    }

    @Test
    void classOfATypeIsPgJdbcsParameterWhateverTheTypeIsCalled() throws Exception {
        assertThat(parse("pg1/db?datatype.mood=org.example.Mood").parameters())
                .containsEntry("datatype.mood", "org.example.Mood");
        assertInvalidValue(() -> parse("pg1/db?datatype.=org.example.Mood")).contains("unknown parameter datatype.");
    }

    @Test
    void unknownParameterInTheWrongCaseNamesTheRightOne() {
        assertInvalidValue(() -> parse("pg1/db?applicationname=x")).contains("did you mean ApplicationName?");
    }

    @Test
    void unknownParameterThatResemblesNothingSuggestsNothing() {
        assertInvalidValue(() -> parse("pg1/db?serverTimezone=UTC"))
                .contains("serverTimezone")
                .doesNotContain("did you mean");
    }

    @ParameterizedTest
    @ValueSource(strings = {"pg1/db?ssl=a&ssl=a", "pg1/db?ssl&ssl", "pg1/db?scope=a&user=b&scope=c"})
    void repeatedParameterIsRefused(String rest) {
        assertInvalidValue(() -> parse(rest)).contains("twice");
    }

    @ParameterizedTest
    @ValueSource(strings = {"PGHOST", "PGPORT", "host", "port"})
    void membersAsParametersAreRefused(String name) {
        assertInvalidValue(() -> parse("pg1/db?" + name + "=x")).contains(name).contains("before the slash");
    }

    @ParameterizedTest
    @ValueSource(strings = {"%", "%4", "%zz", "hunter2%"})
    void badEncodingIsRefusedWithoutTheValue(String value) {
        assertInvalidValue(() -> parse("pg1/db?password=" + value))
                .contains("password")
                .contains("%25")
                .doesNotContain("hunter2");
        assertUnusableUrl(() -> parse("pg1/" + value)).doesNotContain("hunter2");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "password=a&hunter2",
                "password=a&hunter2=b",
                "etcdPassword=a&hunter2",
                "sslpassword=a&hunter2",
                "password=a&b%hunter2",
                "pwd=hunter2",
                "Password=hunter2",
                "hunter2?=x",
                "etcd=http://u:a&hunter2@e1",
                "patroni=http://u:a&hunter2=b@e1",
                "x@hunter2=1"
            })
    void whatMayBePartOfAPasswordIsNeverShown(String query) {
        assertInvalidValue(() -> parse("pg1/db?" + query)).doesNotContain("hunter2");
    }

    @Test
    void ampersandInAPasswordIsExplained() {
        assertInvalidValue(() -> parse("pg1/db?password=a&hunter2")).contains("write & as %26");
    }

    @Test
    void toStringShowsNoValue() throws Exception {
        assertThat(parse("pg1,[::1]:1/db?user=me&password=hunter2&etcd=http://u:hunter2@e1"))
                .hasToString(START + "pg1:5432,[::1]:1/db?user=...&password=...&etcd=...");
        assertThat(parse("/")).hasToString(START + "/");
    }

    @Test
    void failuresAreOfTheNonTransientKind() {
        Assertions.assertThatThrownBy(() -> parse("pg1")).isInstanceOf(SQLNonTransientConnectionException.class);
        Assertions.assertThatThrownBy(() -> parse("pg1/?nope")).isInstanceOf(SQLDataException.class);
    }
}
