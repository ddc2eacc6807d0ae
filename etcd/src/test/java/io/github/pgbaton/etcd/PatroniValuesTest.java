package io.github.pgbaton.etcd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.pgbaton.etcd.PatroniValues.BadValue;
import io.github.pgbaton.topology.ClusterSettings;
import io.github.pgbaton.topology.HostPort;
import io.github.pgbaton.topology.Member;
import io.github.pgbaton.topology.Role;
import io.github.pgbaton.topology.Switchover;
import io.github.pgbaton.topology.TimelineHistory;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PatroniValuesTest {

    @ParameterizedTest
    @CsvSource({
        "postgres://10.0.0.1:5433/postgres, 10.0.0.1, 5433",
        "postgres://PG1.Example:5432/postgres?sslmode=require, pg1.example, 5432",
        "postgresql://pg1/postgres, pg1, 5432",
        "postgres://pg1, pg1, 5432",
        "postgres://[2001:db8::1]:6432/postgres, 2001:db8::1, 6432",
        "postgres://[::1]/postgres, ::1, 5432",
        "postgres://user:p@ss:word@pg1:5432/db, pg1, 5432",
        "postgres://pg1:5432?application_name=http://x/y, pg1, 5432"
    })
    void readsTheAddressOfAConnUrl(String url, String host, int port) throws BadValue {
        assertThat(PatroniValues.address(url)).isEqualTo(new HostPort(host, port));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "pg1:5432",
                "mysql://pg1:5432/",
                "postgres://",
                "postgres:///postgres",
                "postgres://pg1:0/x",
                "postgres://pg1:65536/x",
                "postgres://pg1:-1/x",
                "postgres://pg1:54x/x",
                "postgres://::1:5432/x",
                "postgres://a:1,b:2/x",
                "postgres://a,b/x",
                "postgres://[::1/x",
                "postgres://pg 1/x",
                "postgres://user:secret/x",
                "postgres://user:secret@/x"
            })
    void refusesWhatNamesNoHostAndNeverQuotesIt(String url) {
        assertThatThrownBy(() -> PatroniValues.address(url))
                .isInstanceOf(BadValue.class)
                .message()
                .doesNotContain("secret");
    }

    @Test
    void theTagNoloadbalanceTakesAMemberOutOfTheBalanceAndNofailoverDoesNot() throws BadValue {
        String url = "{\"conn_url\":\"postgres://h/\",\"tags\":";
        assertThat(PatroniValues.member("n1", url + "{\"noloadbalance\":true}}").balanced())
                .isFalse();
        assertThat(PatroniValues.member("n1", url + "{\"nofailover\":true,\"noloadbalance\":false}}")
                        .balanced())
                .isTrue();
        assertThat(PatroniValues.member("n1", url + "[\"noloadbalance\"]}").balanced())
                .isTrue();
    }

    @Test
    void readsTheSynchronousStandbys() throws BadValue {
        assertThat(PatroniValues.synchronous("{\"leader\":\"n1\",\"sync_standby\":\"n2, n3\"}"))
                .containsExactlyInAnyOrder("n2", "n3");
        assertThat(PatroniValues.synchronous("{\"leader\":null,\"sync_standby\":null}"))
                .isEmpty();
        assertThat(PatroniValues.synchronous("")).isEmpty();
    }

    @Test
    void readsMembersOfAllVersions() throws BadValue {
        assertThat(PatroniValues.member("n1", Keys.memberJson(1, "master")))
                .isEqualTo(new Member(
                        "n1", new HostPort("10.0.0.1", 5432), Role.PRIMARY, "running", null, false, true, 1));
        assertThat(PatroniValues.member("n1", Keys.memberJson(1, "primary")).role())
                .isEqualTo(Role.PRIMARY);
        assertThat(PatroniValues.member("n1", Keys.memberJson(1, "standby_leader"))
                        .role())
                .isEqualTo(Role.STANDBY_LEADER);
        assertThat(PatroniValues.member("n1", Keys.memberJson(1, "dancing")).role())
                .isEqualTo(Role.OTHER);
        assertThat(PatroniValues.member("n1", "{\"conn_url\":\"postgres://h/\",\"role\":7,\"state\":[],\"tags\":{}}"))
                .isEqualTo(new Member("n1", new HostPort("h", 5432), Role.OTHER, ""));
        assertThat(PatroniValues.member("n1", "postgres://h:1/?application_name=http://h:8008/patroni")
                        .address())
                .isEqualTo(new HostPort("h", 1));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "null", "[]", "7", "{", "{}", "{\"conn_url\":7}", "{\"conn_url\":\"\"}", "{\"conn_url\":nul"
            })
    void refusesMembersWithoutAnAddress(String value) {
        assertThatThrownBy(() -> PatroniValues.member("n1", value)).isInstanceOf(BadValue.class);
    }

    @Test
    void readsSettings() throws BadValue {
        assertThat(
                        PatroniValues.settings(
                                "{\"ttl\":20,\"loop_wait\":5,\"retry_timeout\":7.5,\"pause\":true,"
                                        + "\"failsafe_mode\":\"on\",\"standby_cluster\":{\"host\":\"x\"},\"synchronous_mode\":\"quorum\"}"))
                .isEqualTo(new ClusterSettings(
                        Duration.ofSeconds(20),
                        Duration.ofSeconds(5),
                        Duration.ofMillis(7500),
                        true,
                        true,
                        true,
                        true));
        assertThat(PatroniValues.settings("{\"postgresql\":{\"parameters\":null}}"))
                .isEqualTo(ClusterSettings.DEFAULTS);
        assertThat(PatroniValues.settings("{\"ttl\":\"45\"}").ttl()).isEqualTo(Duration.ofSeconds(45));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"ttl\":-1,\"loop_wait\":0,\"retry_timeout\":1e300}",
                "{\"ttl\":[],\"loop_wait\":{},\"retry_timeout\":null}",
                "{\"ttl\":true,\"loop_wait\":\"soon\",\"retry_timeout\":99999999999999999999999}",
                "{\"pause\":{},\"failsafe_mode\":[1],\"standby_cluster\":true,\"synchronous_mode\":\"off\"}",
                "{\"standby_cluster\":{},\"synchronous_mode\":null,\"pause\":0}"
            })
    void settingsOfTheWrongTypeAreDefaults(String value) throws BadValue {
        assertThat(PatroniValues.settings(value)).isEqualTo(ClusterSettings.DEFAULTS);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "[] | 1",
                "[[1,2,\"r\"]] | 2",
                "[[1,2,\"r\",\"t\",\"n1\"],[7,3,\"r\",\"t\",\"n2\"]] | 8",
                "[[\"4\",2]] | 5"
            })
    void theCurrentTimelineIsOneMoreThanTheLastOfTheHistory(String value, int timeline) throws BadValue {
        assertThat(PatroniValues.timeline(value)).isEqualTo(timeline);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "{}",
                "[[]]",
                "[7]",
                "[[1,2],{}]",
                "[[0]]",
                "[[-1]]",
                "[[2147483647]]",
                "[[1.5]]",
                "[[1e9999999]]",
                "[[true]]",
                "[[1,"
            })
    void aHistoryThatMakesNoSenseSaysNothing(String value) {
        assertThatThrownBy(() -> PatroniValues.timeline(value)).isInstanceOf(BadValue.class);
    }

    @ParameterizedTest
    @CsvSource({
        "postgres://10.0.0.1:6432/postgres, 10.0.0.1:6432",
        "postgres://[fd00::1]:6432/postgres, [fd00::1]:6432",
        "http://10.0.0.1:6432/, ",
        "postgres://user:secret@/, "
    })
    void poolerOfAMemberIsReadWhereItCanBe(String url, @Nullable String expected) throws BadValue {
        Member member = PatroniValues.member(
                "n1", "{\"conn_url\":\"postgres://10.0.0.1:5432/postgres\",\"proxy_url\":\"" + url + "\"}");
        assertThat(member.address()).hasToString("10.0.0.1:5432");
        assertThat(member.proxy() == null ? null : member.proxy().toString()).isEqualTo(expected);
    }

    @Test
    void readsSwitchovers() throws BadValue {
        assertThat(PatroniValues.switchover("{}")).isNull();
        assertThat(PatroniValues.switchover("")).isNull();
        assertThat(PatroniValues.switchover("{\"leader\":null,\"member\":\"\"}"))
                .isNull();
        assertThat(PatroniValues.switchover("{\"leader\":\"n1\",\"member\":\"n2\"}"))
                .isEqualTo(new Switchover("n1", "n2", false));
        assertThat(PatroniValues.switchover("{\"leader\":\"n1\",\"scheduled_at\":\"2030-01-01T00:00:00+00:00\"}"))
                .isEqualTo(new Switchover("n1", null, true));
        assertThatThrownBy(() -> PatroniValues.switchover("{\"leader\":\"n\\n1\"}"))
                .isInstanceOf(BadValue.class);
    }

    @Test
    void absurdSizesAreRefusedAndDeepNestingDoesNotOverflow() {
        assertThatThrownBy(() -> PatroniValues.settings("{\"x\":\"" + "y".repeat(2_000_000) + "\"}"))
                .isInstanceOf(BadValue.class);
        assertThatThrownBy(() -> PatroniValues.timeline("[".repeat(500_000))).isInstanceOf(BadValue.class);
        assertThatThrownBy(() -> PatroniValues.timeline("[".repeat(400_000) + "]".repeat(400_000)))
                .isInstanceOf(BadValue.class);
        assertThatThrownBy(() -> PatroniValues.name("n".repeat(256))).isInstanceOf(BadValue.class);
    }

    @Test
    void readsWhereEachTimelineEndedAndWhoBeganTheNext() throws BadValue {
        assertThat(PatroniValues.history("[[1,83886560,\"no recovery target specified\",\"2026-01-01T10:00:00+00:00\","
                                + "\"node2\"],[2,9223372036854775807,\"x\"]]")
                        .switches())
                .containsExactly(
                        new TimelineHistory.Switch(1, 83886560, "node2"),
                        new TimelineHistory.Switch(2, Long.MAX_VALUE, null));
        assertThat(PatroniValues.history("[]")).isEqualTo(TimelineHistory.NONE);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{}",
                "[[1]]",
                "[1]",
                "[[1,null]]",
                "[[1,0]]",
                "[[1,-5]]",
                "[[1,2.5]]",
                "[[0,5]]",
                "[[2,5],[1,7]]",
                "[[1,99999999999999999999]]",
                "[[9999999999,5]]",
                "[[1,5,\"x\",\"t\",\" \"]]",
                "[[1,\"x\"]]"
            })
    void aHistoryOfWhichALineCannotBeReadIsNotUsedAtAll(String value) {
        assertThatThrownBy(() -> PatroniValues.history(value)).isInstanceOf(BadValue.class);
    }
}
