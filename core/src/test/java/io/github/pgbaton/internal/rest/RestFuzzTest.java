package io.github.pgbaton.internal.rest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.internal.rest.Json.BadAnswer;
import io.github.pgbaton.scripted.Fuzz;
import io.github.pgbaton.topology.HostPort;
import io.github.pgbaton.topology.Leader;
import io.github.pgbaton.topology.Topology;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Damaged answers of Patroni's REST interface: nothing unchecked goes wrong, and nobody is taken for the leader who is not. */
@Timeout(60)
class RestFuzzTest {
    private static final String CLUSTER = """
            {"members": [
             {"name": "node1", "role": "leader", "state": "running", "api_url": "http://10.0.0.1:8008/patroni",
              "host": "10.0.0.1", "port": 5432, "timeline": 4},
             {"name": "node2", "role": "sync_standby", "state": "streaming", "api_url": "http://10.0.0.2:8008/patroni",
              "host": "10.0.0.2", "port": 5432, "timeline": 4, "lag": 0}],
             "scope": "pgcluster", "pause": true}
            """;
    private static final String STATUS = """
            {"state": "running", "role": "primary", "timeline": 4, "database_system_identifier": "7301234567890123456",
             "patroni": {"version": "4.0.7", "scope": "pgcluster", "name": "node1"}}
            """;
    private static final String CONFIG =
            "{\"ttl\": 30, \"loop_wait\": 10, \"retry_timeout\": 10, \"pause\": false, \"standby_cluster\": {\"host\": \"h\"}}";
    private static final String HISTORY = "[[1, 2, \"x\"], [3, 4, \"y\", \"2030-01-01\", \"node1\"]]";

    static LongStream seeds() {
        return Fuzz.seeds(40);
    }

    static LongStream fewSeeds() {
        return Fuzz.seeds(6);
    }

    private interface Reading {
        void read() throws BadAnswer;
    }

    private static void orBadAnswer(Reading reading) {
        try {
            reading.read();
        } catch (BadAnswer e) {
            assertThat(e.getMessage()).isNotBlank().doesNotContain("\n");
        }
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void readingDamagedJsonIsABadAnswerOrAPlausibleOne(long seed) {
        Fuzz.with(seed, random -> {
            for (int i = 0; i < 500; i++) {
                String cluster = Fuzz.damaged(random, CLUSTER);
                orBadAnswer(() -> {
                    ClusterView view = PatroniJson.cluster(cluster);
                    if (view.leader() != null) {
                        assertThat(view.leader()).hasSizeBetween(1, Json.MAX_NAME);
                        assertThat(view.leader().chars()).noneMatch(Character::isISOControl);
                    }
                    assertThat(view.members()).hasSizeLessThan(1001);
                });
                String config = Fuzz.damaged(random, CONFIG);
                orBadAnswer(() -> assertThat(PatroniJson.settings(config).ttl()).isPositive());
                String history = Fuzz.damaged(random, HISTORY);
                orBadAnswer(() -> assertThat(PatroniJson.timeline(history)).isPositive());
                orBadAnswer(() -> assertThat(PatroniJson.history(history)).isNotNull());
                LockProof proof = PatroniJson.proof(
                        new HttpReply(
                                random.nextBoolean() ? 200 : random.nextInt(1000),
                                Fuzz.damaged(random, STATUS),
                                InetAddress.getLoopbackAddress()),
                        "node1",
                        "pgcluster",
                        1);
                assertThat(proof.timeline()).isNotNegative();
            }
        });
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void readingDamagedHttpIsAnIoExceptionOrAnAnswerWithinTheLimits(long seed) {
        Fuzz.with(seed, random -> {
            for (int i = 0; i < 200; i++) {
                byte[] answer = damagedHttp(random);
                try {
                    HttpReply reply =
                            ResponseReader.read(new ByteArrayInputStream(answer), InetAddress.getLoopbackAddress());
                    assertThat(reply.status()).isBetween(200, 599);
                    assertThat(reply.body().length()).isLessThanOrEqualTo(ResponseReader.MAX_BODY);
                } catch (IOException e) {
                    assertThat(e.getMessage()).isNotBlank();
                }
            }
        });
    }

    private static byte[] damagedHttp(Random random) throws IOException {
        List<String> heads = List.of(
                "HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n",
                "HTTP/1.1 200 OK\r\nContent-Length: " + CLUSTER.length() + "\r\n\r\n",
                "HTTP/1.1 503 No\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n");
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        String head = heads.get(random.nextInt(heads.size()));
        out.write((random.nextBoolean() ? head : Fuzz.damaged(random, head)).getBytes(StandardCharsets.UTF_8));
        out.write(Fuzz.damaged(random, CLUSTER).getBytes(StandardCharsets.UTF_8));
        byte[] noise = new byte[random.nextInt(100)];
        random.nextBytes(noise);
        out.write(noise);
        return out.toByteArray();
    }

    /** One member tells damaged stories on every path, the two others the truth; who leads is not moved by it. */
    @ParameterizedTest
    @MethodSource("fewSeeds")
    void oneMemberThatTellsNonsenseMovesNoLeader(long seed) {
        Recorder recorder = new Recorder();
        try (ScriptedCluster cluster = new ScriptedCluster();
                PatroniRestSource source =
                        new PatroniRestSource(cluster.uris(), "pgcluster", PatroniRestSourceTest.QUICK)) {
            source.start(recorder);
            recorder.awaitLeader("node1");
            Fuzz.with(seed, random -> {
                ScriptedCluster.Scripted mad = cluster.node(3);
                mad.rest.plays((path, out) -> {
                    ByteArrayOutputStream honest = new ByteArrayOutputStream();
                    mad.honest(path, honest);
                    synchronized (random) {
                        out.write(Fuzz.damaged(random, honest.toString(StandardCharsets.UTF_8))
                                .getBytes(StandardCharsets.UTF_8));
                    }
                });
                for (int i = 0; i < 15; i++) {
                    long before = mad.rest.asked("/cluster");
                    await().pollInterval(Duration.ofMillis(10))
                            .atMost(Recorder.SOON)
                            .until(() -> {
                                source.suspect();
                                return mad.rest.asked("/cluster") > before;
                            });
                }
                cluster.promote("node2", 2);
                mad.seesLeader = "node1";
                source.suspect();
                recorder.awaitLeader("node2");
                assertThat(recorder.leaders()).containsExactly("node1", "node2");
                for (Topology published : recorder.published) {
                    Leader leader = published.leader();
                    if (leader != null && published.members().containsKey(leader.member())) {
                        assertThat(published.leaderMember().orElseThrow().address())
                                .isEqualTo(
                                        new HostPort("10.0.0." + leader.member().charAt(4), 5432));
                    }
                }
            });
        }
    }
}
