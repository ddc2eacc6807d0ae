package io.github.pgbaton.etcd;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.pgbaton.topology.HostPort;
import io.github.pgbaton.topology.Leader;
import io.github.pgbaton.topology.Topology;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Damaged keys, one after the other, through all that stands between etcd and the tracker: nothing unchecked goes wrong,
 * the leader is the leader key's value or nobody, and no key but a member's own moves that member.
 */
@Timeout(60)
class EtcdFuzzTest {
    private static final Map<String, String> GOOD = Map.of(
            "leader",
            "node1",
            "members/node1",
            Keys.memberJson(1, "master"),
            "members/node2",
            Keys.memberJson(2, "replica"),
            "members/node3",
            Keys.memberJson(3, "replica"),
            "config",
            "{\"ttl\":30,\"loop_wait\":10,\"retry_timeout\":10,\"pause\":false,\"failsafe_mode\":true}",
            "history",
            "[[1,25000000,\"no recovery target specified\",\"2026-01-01T00:00:00+00:00\",\"node1\"]]",
            "failover",
            "{\"leader\":\"node1\",\"member\":\"node2\",\"scheduled_at\":null}",
            "initialize",
            "7301234567890123456",
            "status",
            "{\"optime\":25000000,\"slots\":{}}",
            "sync",
            "{\"leader\":\"node1\",\"sync_standby\":\"node2\"}");
    private static final List<String> NAMES = GOOD.keySet().stream().sorted().toList();

    static LongStream seeds() {
        return Fuzz.seeds(60);
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void damagedKeysMakeNoWrongLeaderAndNothingThrows(long seed) {
        Fuzz.with(seed, random -> {
            Recorder recorder = new Recorder();
            Publisher publisher = new Publisher("fuzz", recorder);
            publisher.read(state(GOOD, 1, 2));
            Map<String, String> now = new HashMap<>(GOOD);
            long revision = 10;
            for (int step = 0; step < 100; step++) {
                int told = recorder.published.size();
                List<KeyChange> changes = changes(random, now, ++revision);
                publisher.changed(Objects.requireNonNull(publisher.state()).with(changes, 2));
                assertThat(recorder.published.size()).isLessThanOrEqualTo(told + 1);
                check(recorder.last(), now);
            }
            publisher.read(state(GOOD, revision + 1, 2));
            assertThat(recorder.leader()).as("whole again").isEqualTo("node1");
            assertThat(recorder.last().members()).containsKeys("node1", "node2", "node3");
            assertThat(recorder.degraded).isEmpty();
        });
    }

    private static List<KeyChange> changes(Random random, Map<String, String> now, long revision) {
        List<KeyChange> changes = new ArrayList<>();
        for (int n = random.nextInt(3) + 1; n > 0; n--) {
            String key = NAMES.get(random.nextInt(NAMES.size()));
            if (random.nextInt(10) == 0) {
                key = "members/" + Fuzz.damaged(random, "node4");
            }
            String value = switch (random.nextInt(4)) {
                case 0 -> null;
                case 1 -> GOOD.getOrDefault(key, Keys.memberJson(4, "replica"));
                default -> Fuzz.damaged(random, GOOD.getOrDefault(key, Keys.memberJson(4, "replica")));
            };
            if (value == null) {
                now.remove(key);
            } else {
                now.put(key, value);
            }
            changes.add(new KeyChange(key, value == null ? null : new KeyEntry(value, revision, revision), revision));
        }
        return changes;
    }

    private static KeyState state(Map<String, String> values, long revision, long term) {
        Map<String, KeyEntry> entries = new HashMap<>();
        values.forEach((key, value) -> entries.put(key, new KeyEntry(value, 1, revision)));
        return new KeyState(1, term, revision, entries);
    }

    private static void check(Topology published, Map<String, String> keys) {
        Leader leader = published.leader();
        if (leader != null) {
            assertThat(leader.member()).isEqualTo(keys.get("leader")).hasSizeBetween(1, PatroniValues.MAX_NAME);
            assertThat(leader.member().chars()).noneMatch(Character::isISOControl);
        } else if (keys.containsKey("leader")) {
            assertThat(keys.get("leader"))
                    .as("a readable leader is not dropped")
                    .isNotEqualTo("node1");
        }
        for (int member = 1; member <= 3; member++) {
            String key = "members/node" + member;
            if (Objects.equals(GOOD.get(key), keys.get(key))) {
                assertThat(Objects.requireNonNull(published.members().get("node" + member))
                                .address())
                        .isEqualTo(new HostPort("10.0.0." + member, 5432));
            } else if (!keys.containsKey(key)) {
                assertThat(published.members()).doesNotContainKey("node" + member);
            }
        }
        published.members().forEach((name, member) -> {
            assertThat(name.chars()).noneMatch(Character::isISOControl);
            // A URL is made of it: nothing in it may end the host or add a parameter.
            assertThat(member.address().host()).doesNotContainPattern("[?&/@%\\s]");
        });
        assertThat(published.timeline()).isNotNegative();
        assertThat(published.settings().ttl()).isPositive();
    }
}
