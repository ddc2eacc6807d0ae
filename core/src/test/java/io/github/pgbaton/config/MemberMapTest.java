package io.github.pgbaton.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.pgbaton.topology.HostPort;
import io.github.pgbaton.topology.Member;
import io.github.pgbaton.topology.Role;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class MemberMapTest {

    private static Member member(String name, String host, int port) {
        return new Member(name, new HostPort(host, port), Role.REPLICA, "running");
    }

    @ParameterizedTest
    @CsvSource({
        "node1=127.0.0.1:15432, 127.0.0.1:15432",
        "pg1:5432=db.example:6000, db.example:6000",
        "*={name}.db.example:7000, node1.db.example:7000",
        "*={host}:6432, pg1:6432",
        "*=proxy-{name}, proxy-node1:5432",
        "node2=x:1, pg1:5432",
        "*=[::1]:99, [::1]:99",
    })
    void memberIsDialledWhereTheMapSays(String map, String expected) {
        assertThat(MemberMap.parse(map).map(member("node1", "pg1", 5432)).address())
                .hasToString(expected);
    }

    @Test
    void nameWinsOverAddressAndAddressOverTheRest() {
        MemberMap map = MemberMap.parse("*=c:1,pg1:5432=b:1,node1=a:1");
        assertThat(map.map(member("node1", "pg1", 5432)).address().host()).isEqualTo("a");
        assertThat(map.map(member("node9", "pg1", 5432)).address().host()).isEqualTo("b");
        assertThat(map.map(member("node9", "pg9", 5432)).address().host()).isEqualTo("c");
    }

    @ParameterizedTest
    @ValueSource(strings = {"node1", "=a:1", "node1=", "node1=a:1,node1=b:1", "node1=a:99999", "node1=a b:1", ","})
    void malformedEntryIsRefused(String map) {
        assertThatThrownBy(() -> BatonConfig.builder()
                        .seeds(java.util.List.of(new HostPort("pg1", 5432)))
                        .set(BatonProperty.MEMBER_MAP, map)
                        .build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("memberMap")
                .hasMessageContaining("key=target");
    }

    @Test
    void templateThatMakesNoAddressOfANameSaysSo() {
        MemberMap map = MemberMap.parse("*={name}:5432");
        assertThatThrownBy(() -> map.map(member("node 1/x", "pg1", 5432))).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void poolerThatTheMemberAnnouncesIsDialled() {
        MemberMap map = MemberMap.parse("*={proxy}");
        Member pooled =
                new Member("node1", new HostPort("pg1", 5432), Role.REPLICA, "running", new HostPort("fd00::1", 6432));
        assertThat(map.map(pooled).address()).hasToString("[fd00::1]:6432");
        assertThatThrownBy(() -> map.map(member("node1", "pg1", 5432)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("proxy_url");
    }
}
