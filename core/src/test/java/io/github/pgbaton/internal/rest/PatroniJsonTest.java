package io.github.pgbaton.internal.rest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.pgbaton.internal.rest.Json.BadAnswer;
import io.github.pgbaton.internal.rest.LockProof.Verdict;
import io.github.pgbaton.topology.Member;
import io.github.pgbaton.topology.Role;
import io.github.pgbaton.topology.TimelineHistory;
import java.net.InetAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Reads what Patroni 3 and 4 write, and nothing into what they do not. */
class PatroniJsonTest {
    private static final String CLUSTER = """
            {"members": [{"name": "node1", "role": "leader", "state": "running", "api_url": "http://10.0.0.1:8008/patroni",
              "host": "10.0.0.1", "port": 5432, "timeline": 4, "tags": {"nofailover": true}},
             {"name": "node2", "role": "quorum_standby", "state": "streaming", "api_url": "https://[::1]:8009/patroni",
              "host": "::1", "port": 5433, "timeline": 4, "lag": "unknown"}],
             "scope": "pgcluster", "pause": true,
             "scheduled_switchover": {"at": "2030-01-01T10:00:00+02:00", "from": "node1"}}
            """;
    private static final String STATUS = """
            {"state": "running", "role": "primary", "timeline": 4, "database_system_identifier": "7301234567890123456",
             "patroni": {"version": "4.0.7", "scope": "pgcluster", "name": "node1"}}
            """;

    private static LockProof proof(int status, String body) {
        return PatroniJson.proof(
                new HttpReply(status, body, InetAddress.getLoopbackAddress()), "node1", "pgcluster", 1);
    }

    @Test
    void readsAWholeCluster() throws BadAnswer {
        ClusterView view = PatroniJson.cluster(CLUSTER);
        assertThat(view.leader()).isEqualTo("node1");
        assertThat(view.leaderTimeline()).isEqualTo(4);
        assertThat(view.leaderApi()).isEqualTo(URI.create("http://10.0.0.1:8008"));
        Member second = Objects.requireNonNull(view.members().get("node2"));
        assertThat(second.role()).isEqualTo(Role.REPLICA);
        assertThat(second.address()).hasToString("[::1]:5433");
        assertThat(view.paused()).isTrue();
        assertThat(view.switchoverAt()).isEqualTo("2030-01-01T08:00:00Z");
    }

    @Test
    void readsWhoIsSynchronousAndWhoTakesReads() throws BadAnswer {
        ClusterView view = PatroniJson.cluster("""
                {"members": [
                 {"name": "a", "role": "sync_standby", "host": "h", "port": 1, "timeline": 4},
                 {"name": "b", "role": "quorum_standby", "host": "h", "port": 2, "tags": {"nofailover": true}},
                 {"name": "c", "role": "replica", "host": "h", "port": 3, "tags": {"noloadbalance": true}},
                 {"name": "d", "role": "replica", "host": "h", "port": 4, "tags": ["noloadbalance"]}]}
                """);
        assertThat(view.members().values())
                .filteredOn(Member::synchronous)
                .map(Member::name)
                .containsExactlyInAnyOrder("a", "b");
        assertThat(view.members().values())
                .filteredOn(Member::balanced)
                .map(Member::name)
                .containsExactlyInAnyOrder("a", "b", "d");
        assertThat(Objects.requireNonNull(view.members().get("a")).timeline()).isEqualTo(4);
    }

    @Test
    void aStandbyLeaderHoldsTheLockToo() throws BadAnswer {
        ClusterView view = PatroniJson.cluster(CLUSTER.replace("\"leader\"", "\"standby_leader\""));
        assertThat(view.leader()).isEqualTo("node1");
        assertThat(view.leaderRole()).isEqualTo(Role.STANDBY_LEADER);
    }

    @Test
    void nobodyLeadsAnEmptyCluster() throws BadAnswer {
        assertThat(PatroniJson.cluster("{\"members\": []}").leader()).isNull();
    }

    @ParameterizedTest
    @CsvSource({
        "master,running,200,RUNNING",
        "primary,running,200,RUNNING",
        "replica,running,200,HELD",
        "primary,starting,200,HELD",
        "replica,running,503,DENIED",
        "primary,running,503,DENIED",
        "primary,running,302,SILENT"
    })
    void theLockIsProvenByTheStatusAndThePrimaryByTheBody(String role, String state, int status, Verdict verdict) {
        String body = STATUS.replace("\"primary\"", "\"" + role + "\"").replace("\"running\"", "\"" + state + "\"");
        assertThat(proof(status, body).verdict()).isEqualTo(verdict);
    }

    @Test
    void somebodyElseBehindTheAddressProvesNothing() {
        assertThat(proof(200, STATUS.replace("node1", "node2")).verdict()).isEqualTo(Verdict.SILENT);
        assertThat(proof(200, STATUS.replace("pgcluster", "other")).verdict()).isEqualTo(Verdict.SILENT);
        assertThat(proof(200, "<html>").verdict()).isEqualTo(Verdict.SILENT);
        assertThat(proof(200, STATUS).timeline()).isEqualTo(4);
        assertThat(proof(200, STATUS).systemIdentifier()).isEqualTo("7301234567890123456");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {"[]|1", "[[1,2,\"x\"],[3,4,\"y\",\"2030-01-01\",\"node1\"]]|4"})
    void theHistoryNamesTheCurrentTimeline(String body, int timeline) throws BadAnswer {
        assertThat(PatroniJson.timeline(body)).isEqualTo(timeline);
    }

    @ParameterizedTest
    @ValueSource(strings = {"{}", "[[]]", "[[0]]", "[[2147483647]]", "[[1.5]]", "[[\"1\"]]", "", "[[1e99]]", "[1]"})
    void aHistoryThatIsNoneIsRefused(String body) {
        assertThatThrownBy(() -> PatroniJson.timeline(body)).isInstanceOf(BadAnswer.class);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void nothingButBadAnswerGoesWrong(long seed) {
        Random random = new Random(seed);
        List<String> samples =
                List.of(CLUSTER, STATUS, "[[1,2,\"x\"]]", "{\"ttl\": 30, \"standby_cluster\": {\"host\": 1}}");
        List<String> words = List.of(
                "null", "1e999999999", "-1", "\"\\u0000\"", "[", "{}", "\"leader\"", "99999999999999999999", "\ud800");
        for (int i = 0; i < 5_000; i++) {
            byte[] bytes = samples.get(random.nextInt(samples.size())).getBytes(StandardCharsets.UTF_8);
            for (int n = random.nextInt(6); n > 0; n--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
            }
            String text = new String(
                    bytes,
                    0,
                    random.nextInt(10) == 0 ? random.nextInt(bytes.length) : bytes.length,
                    StandardCharsets.UTF_8);
            int at = random.nextInt(text.length() + 1);
            String damaged = random.nextBoolean()
                    ? text
                    : text.substring(0, at)
                            + words.get(random.nextInt(words.size()))
                            + text.substring(Math.min(text.length(), at + random.nextInt(8)));
            quietly(() -> PatroniJson.cluster(damaged));
            quietly(() -> PatroniJson.settings(damaged));
            quietly(() -> PatroniJson.timeline(damaged));
            proof(200, damaged);
        }
    }

    private interface Reading {
        Object read() throws BadAnswer;
    }

    private static void quietly(Reading reading) {
        try {
            assertThat(reading.read()).isNotNull();
        } catch (BadAnswer e) {
            assertThat(e).hasMessageNotContaining("\n");
        }
    }

    @Test
    void readsWhereEachTimelineEndedAndWhoBeganTheNext() throws BadAnswer {
        assertThat(PatroniJson.history("[[1,83886560,\"no recovery target specified\",\"2026-01-01T10:00:00+00:00\","
                                + "\"node2\"],[2,9223372036854775807,\"x\"]]")
                        .switches())
                .containsExactly(
                        new TimelineHistory.Switch(1, 83886560, "node2"),
                        new TimelineHistory.Switch(2, Long.MAX_VALUE, null));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "[]",
                "[[1]]",
                "[1]",
                "[[1,null]]",
                "[[1,0]]",
                "[[1,2.5]]",
                "[[0,5]]",
                "[[2,5],[1,7]]",
                "[[1,\"5\"]]"
            })
    void aHistoryOfWhichALineCannotBeReadIsNotUsedAtAll(String body) throws BadAnswer {
        assertThat(PatroniJson.history(body)).isEqualTo(TimelineHistory.NONE);
    }
}
