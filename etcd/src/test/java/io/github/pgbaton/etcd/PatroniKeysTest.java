package io.github.pgbaton.etcd;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.pgbaton.topology.ClusterSettings;
import io.github.pgbaton.topology.Leader;
import io.github.pgbaton.topology.Switchover;
import io.github.pgbaton.topology.Topology;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class PatroniKeysTest {
    private static final List<String> SEEDS = List.of(
            "node1",
            Keys.memberJson(1, "master"),
            "{\"ttl\":30,\"loop_wait\":10,\"pause\":false,\"standby_cluster\":{\"host\":\"h\"}}",
            "[[1,25000000,\"no recovery target specified\",\"2026-01-01T00:00:00+00:00\",\"node1\"]]",
            "{\"leader\":\"node1\",\"member\":\"node2\",\"scheduled_at\":null}",
            "7301234567890123456");

    private static KeyState state(Map<String, String> values) {
        Map<String, KeyEntry> entries = new HashMap<>();
        values.forEach((k, v) -> entries.put(k, new KeyEntry(v, 3, 4)));
        return new KeyState(1, 2, 9, entries);
    }

    @Test
    void offsetsKeepRevisionsGrowing() {
        Topology topology =
                PatroniKeys.read(state(Map.of("leader", "node1")), 100, 1000).topology();
        assertThat(topology.leader()).isEqualTo(new Leader("node1", 1004));
        assertThat(topology.term()).isEqualTo(102);
        assertThat(topology.revision()).isEqualTo(1009);
    }

    @Test
    void aLeaderThatShallGiveUpAndLeavesOutItsPlaceInTheWalHasBegunTo() {
        String busy = Keys.memberJson(1, "master").replace("\"xlog_location\":67108864,", "");
        Map<String, String> keys = new HashMap<>(Map.of(
                "leader",
                "node1",
                "members/node1",
                Keys.memberJson(1, "master"),
                "members/node2",
                busy,
                "failover",
                "{\"leader\":\"node1\",\"member\":\"node2\"}"));
        assertThat(switchover(keys)).isEqualTo(new Switchover("node1", "node2", false));

        keys.put("members/node1", busy);
        assertThat(switchover(keys)).isEqualTo(new Switchover("node1", "node2", false, true));

        keys.put("failover", "{\"leader\":\"node1\",\"scheduled_at\":\"2030-01-01T00:00:00+00:00\"}");
        assertThat(switchover(keys)).isEqualTo(new Switchover("node1", null, true));

        keys.remove("failover");
        assertThat(switchover(keys)).isNull();
    }

    private static @Nullable Switchover switchover(Map<String, String> keys) {
        return PatroniKeys.read(state(keys), 0, 0).topology().switchover();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "node\u00001", "node\n1", "node\u007f", "no\uFFFDde"})
    void aLeaderThatIsNoNameIsNoLeader(String value) {
        PatroniKeys.Reading reading = PatroniKeys.read(state(Map.of("leader", value)), 0, 0);
        assertThat(reading.topology().leader()).isNull();
        assertThat(reading.problems()).containsOnlyKeys("leader");
    }

    @Test
    void oneBadKeyTakesNoOtherWithIt() {
        PatroniKeys.Reading reading = PatroniKeys.read(
                state(Map.of(
                        "leader",
                        "node1",
                        "members/node1",
                        Keys.memberJson(1, "master"),
                        "members/node2",
                        "{\"conn_url\":\"postgres://u:secret@/\"}",
                        "members/\u0001",
                        Keys.memberJson(1, "replica"),
                        "config",
                        "[",
                        "history",
                        "{}",
                        "initialize",
                        "bootstrapping",
                        "failover",
                        "node1:node2")),
                0,
                0);
        assertThat(reading.topology().leaderMember()).isPresent();
        assertThat(reading.topology().members()).containsOnlyKeys("node1");
        assertThat(reading.topology().settings()).isEqualTo(ClusterSettings.DEFAULTS);
        assertThat(reading.topology().timeline()).isZero();
        assertThat(reading.topology().systemIdentifier()).isNull();
        assertThat(reading.problems())
                .containsOnlyKeys("members/node2", "members/?", "config", "history", "initialize", "failover");
        assertThat(reading.problems().values()).noneMatch(p -> p.contains("secret"));
    }

    @Test
    void onlyTheKeysOfTheClusterMatter() {
        assertThat(List.of("leader", "config", "failover", "history", "initialize", "members/a", "sync"))
                .allMatch(PatroniKeys::matters);
        assertThat(List.of("optime/leader", "status", "failsafe", "members/", "members", "", "leader/x"))
                .noneMatch(PatroniKeys::matters);
    }

    static LongStream seeds() {
        return LongStream.range(0, 60);
    }

    /** Whatever the values are, reading them does not throw, and the leader is the leader key's value or nobody. */
    @ParameterizedTest
    @MethodSource("seeds")
    void noInputThrowsOrMakesAWrongLeader(long seed) {
        Random random = new Random(seed);
        for (int i = 0; i < 300; i++) {
            Map<String, String> values = new HashMap<>();
            for (String key : PatroniKeys.SINGLE) {
                values.put(key, mutated(random));
            }
            values.put("sync", mutated(random));
            values.put("members/" + mutated(random), mutated(random));
            values.put("members/node1", mutated(random));
            PatroniKeys.Reading reading = PatroniKeys.read(state(values), 0, 0);
            Leader leader = reading.topology().leader();
            if (leader != null) {
                assertThat(leader.member()).isEqualTo(values.get("leader"));
                assertThat(leader.member().chars()).noneMatch(Character::isISOControl);
                assertThat(leader.member().length()).isBetween(1, PatroniValues.MAX_NAME);
            }
            reading.topology()
                    .members()
                    .forEach((name, member) ->
                            assertThat(member.address().port()).isBetween(1, 65535));
            assertThat(reading.topology().timeline()).isNotNegative();
            assertThat(reading.topology().settings().ttl()).isPositive();
        }
    }

    private static String mutated(Random random) {
        StringBuilder text = new StringBuilder(SEEDS.get(random.nextInt(SEEDS.size())));
        for (int n = random.nextInt(4); n > 0 && text.length() > 0; n--) {
            int at = random.nextInt(text.length());
            switch (random.nextInt(6)) {
                case 0 -> text.setLength(at);
                case 1 -> text.deleteCharAt(at);
                case 2 -> text.setCharAt(at, (char) random.nextInt(256));
                case 3 -> text.insert(at, "{[\"\\,:-9e".charAt(random.nextInt(9)));
                case 4 -> text.insert(at, SEEDS.get(random.nextInt(SEEDS.size())));
                default -> {
                    byte[] noise = new byte[random.nextInt(40)];
                    random.nextBytes(noise);
                    text.insert(at, new String(noise, StandardCharsets.UTF_8));
                }
            }
        }
        return text.toString();
    }
}
