package io.github.pgbaton.internal.rest;

import static io.github.pgbaton.internal.rest.ScriptedPatroni.write;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.internal.rest.ScriptedCluster.Scripted;
import io.github.pgbaton.topology.Topology;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a source makes of members that are down, mute or mad. */
@Timeout(60)
class HostileAnswersTest {
    /** Short enough for the members that never come to an end, and long enough for the honest ones of a slow machine. */
    private static final Timing TIMING = PatroniRestSourceTest.timing(Duration.ofSeconds(2), Duration.ofMillis(200));

    private final ScriptedCluster cluster = new ScriptedCluster();
    private final Recorder recorder = new Recorder();
    private final PatroniRestSource source = new PatroniRestSource(cluster.uris(), "pgcluster", TIMING);

    /** Ways not to answer. */
    enum Hostile {
        SILENT {
            @Override
            void answer(Scripted member, String path, OutputStream out) throws InterruptedException {
                ScriptedPatroni.hang();
            }
        },
        CLOSES {
            @Override
            void answer(Scripted member, String path, OutputStream out) {}
        },
        DRIPS {
            @Override
            void answer(Scripted member, String path, OutputStream out) throws IOException {
                while (true) {
                    out.write("H".getBytes(StandardCharsets.US_ASCII));
                    LockSupport.parkNanos(5_000_000);
                }
            }
        },
        HTML {
            @Override
            void answer(Scripted member, String path, OutputStream out) throws IOException {
                write(out, 200, "<html>no such page</html>");
            }
        },
        UNAVAILABLE {
            @Override
            void answer(Scripted member, String path, OutputStream out) throws IOException {
                write(out, 503, "Service Unavailable");
            }
        },
        REDIRECT {
            @Override
            void answer(Scripted member, String path, OutputStream out) throws IOException {
                out.write("HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"
                        .getBytes(StandardCharsets.US_ASCII));
            }
        },
        GARBAGE {
            @Override
            void answer(Scripted member, String path, OutputStream out) throws IOException {
                byte[] noise = new byte[5000];
                new Random(7).nextBytes(noise);
                out.write(noise);
            }
        },
        TRUNCATED {
            @Override
            void answer(Scripted member, String path, OutputStream out) throws IOException {
                write(out, 200, member.cluster().substring(0, 200));
            }
        },
        SHORT_OF_ITS_LENGTH {
            @Override
            void answer(Scripted member, String path, OutputStream out) throws IOException {
                out.write(("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + member.cluster())
                        .getBytes(StandardCharsets.US_ASCII));
            }
        },
        HUGE {
            @Override
            void answer(Scripted member, String path, OutputStream out) throws IOException {
                out.write(
                        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n{}".getBytes(StandardCharsets.US_ASCII));
            }
        },
        ENDLESS {
            @Override
            void answer(Scripted member, String path, OutputStream out) throws IOException {
                write(out, 200, "{\"members\": [");
                byte[] space = " ".repeat(8192).getBytes(StandardCharsets.US_ASCII);
                while (true) {
                    out.write(space);
                }
            }
        },
        ENDLESS_HEADERS {
            @Override
            void answer(Scripted member, String path, OutputStream out) throws IOException {
                out.write("HTTP/1.1 200 OK\r\n".getBytes(StandardCharsets.US_ASCII));
                while (true) {
                    out.write("X-More: and more\r\n".getBytes(StandardCharsets.US_ASCII));
                }
            }
        },
        WRONG_TYPES {
            @Override
            void answer(Scripted member, String path, OutputStream out) throws IOException {
                write(out, 200, "{\"members\": {\"name\": [1], \"role\": true}, \"role\": 7, \"state\": null}");
            }
        },
        TWO_LEADERS {
            @Override
            void answer(Scripted member, String path, OutputStream out) throws IOException {
                write(out, 200, member.cluster().replace("\"replica\"", "\"leader\""));
            }
        },
        LEADER_WITH_A_CONTROL_CHARACTER {
            @Override
            void answer(Scripted member, String path, OutputStream out) throws IOException {
                write(out, 200, member.cluster().replace("node1", "no\\u0000de1"));
            }
        },
        DEEP {
            @Override
            void answer(Scripted member, String path, OutputStream out) throws IOException {
                write(out, 200, "[".repeat(500_000));
            }
        },
        ANOTHER_CLUSTER {
            @Override
            void answer(Scripted member, String path, OutputStream out) throws IOException {
                write(out, 200, member.cluster().replaceFirst("\\{", "{\"scope\": \"other\", "));
            }
        };

        abstract void answer(Scripted member, String path, OutputStream out) throws IOException, InterruptedException;
    }

    @AfterEach
    void down() {
        source.close();
        cluster.close();
    }

    private static void turn(Scripted member, Hostile hostile) {
        member.rest.plays((path, out) -> hostile.answer(member, path, out));
    }

    @ParameterizedTest
    @EnumSource(Hostile.class)
    void oneHostileMemberHidesNoLeader(Hostile hostile) {
        turn(cluster.node(3), hostile);
        source.start(recorder);
        recorder.awaitLeader("node1");
        cluster.promote("node2", 2);
        source.suspect();
        recorder.awaitLeader("node2");
        assertThat(recorder.leaders()).containsExactly("node1", "node2");
        assertThat(recorder.degraded).isEmpty();
        assertThat(cluster.node(3).rest.mostInFlight.get()).isLessThanOrEqualTo(1);
        assertThat(cluster.node(3).rest.asked("/elsewhere")).isZero();
    }

    @ParameterizedTest
    @EnumSource(Hostile.class)
    void nothingButHostileMembersIsToldOnceAndHeals(Hostile hostile) {
        cluster.members.forEach(member -> turn(member, hostile));
        source.start(recorder);
        recorder.awaitDegraded(1);
        assertThat(recorder.published).isEmpty();
        cluster.uris().forEach(uri -> assertThat(recorder.degraded.get(0)).contains(uri.toString()));
        long before = cluster.node(1).rest.requests.size();
        await().atMost(Recorder.SOON).until(() -> cluster.node(1).rest.requests.size() > before + 2);
        cluster.members.forEach(member -> member.rest.plays(member::honest));
        recorder.awaitLeader("node1");
        assertThat(recorder.degraded).hasSize(1);
        cluster.members.forEach(member -> turn(member, hostile));
        recorder.awaitDegraded(2);
        int told = recorder.published.size();
        cluster.members.forEach(member -> member.rest.plays(member::honest));
        await().atMost(Recorder.SOON).until(() -> recorder.published.size() > told);
        assertThat(recorder.leaders()).containsExactly("node1");
    }

    @Test
    void aMemberThatIsUnavailableStillTellsOfTheCluster() {
        cluster.members.forEach(member -> member.rest.plays((path, out) -> {
            if (path.equals("/cluster")) {
                write(out, 503, member.cluster());
            } else {
                member.honest(path, out);
            }
        }));
        source.start(recorder);
        recorder.awaitLeader("node1");
    }

    @Test
    void chunksOfAProxyAreRead() {
        cluster.members.forEach(member -> member.rest.plays((path, out) -> {
            String body = path.equals("/cluster")
                    ? member.cluster()
                    : "{\"role\": \"primary\", \"state\": \"running\", \"timeline\": 1}";
            String half = body.substring(0, 20);
            String rest = body.substring(20);
            out.write(("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n14;x=y\r\n"
                            + half + "\r\n" + Integer.toHexString(rest.length()) + "\r\n" + rest + "\r\n0\r\n\r\n")
                    .getBytes(StandardCharsets.US_ASCII));
        }));
        source.start(recorder);
        recorder.awaitLeader("node1");
    }

    @Test
    void absurdMembersAreLeftOutAndTheRestStands() {
        cluster.members.forEach(member -> member.rest.plays((path, out) -> {
            if (path.equals("/cluster")) {
                write(
                        out,
                        200,
                        member.cluster()
                                .replace(
                                        "\"members\": [",
                                        "\"members\": [7, null, {\"name\": \"p\", \"role\": \"replica\", \"host\": \"h\","
                                                + " \"port\": 99999}, {\"name\": \"q\", \"role\": \"wizard\", \"host\": \"h\"},"
                                                + " {\"name\": \"r\", \"host\": \"h?user=x\", \"port\": 1}, {\"name\": \"s\\n\","
                                                + " \"host\": \"h\"}, "));
            } else {
                member.honest(path, out);
            }
        }));
        source.start(recorder);
        Topology seen = recorder.awaitLeader("node1");
        assertThat(seen.members()).containsOnlyKeys("node1", "node2", "node3", "q");
    }

    @ParameterizedTest
    @EnumSource(names = {"SILENT", "DRIPS", "ENDLESS", "CLOSES"})
    void closeLeavesNoThread(Hostile hostile) {
        cluster.members.forEach(member -> turn(member, hostile));
        source.start(recorder);
        await().atMost(Recorder.SOON).until(() -> cluster.requests() > 2);
        // The members still play: what ends the threads is close() itself.
        source.close();
        assertThat(Thread.getAllStackTraces().keySet())
                .noneMatch(thread -> thread.getName().equals("pgbaton-rest-pgcluster"));
        await().atMost(Recorder.SOON)
                .until(() -> Thread.getAllStackTraces().keySet().stream()
                        .noneMatch(thread -> thread.getName().startsWith("pgbaton-rest")));
        int told = recorder.degraded.size();
        source.suspect();
        source.close();
        assertThat(recorder.degraded).hasSize(told);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void randomDamageOfOneMemberNeverMovesTheLeader(long seed) {
        source.start(recorder);
        recorder.awaitLeader("node1");
        Random random = new Random(seed);
        cluster.node(3).rest.plays((path, out) -> {
            byte[] text = cluster.node(3).cluster().getBytes(StandardCharsets.UTF_8);
            synchronized (random) {
                for (int i = random.nextInt(4); i >= 0; i--) {
                    text[random.nextInt(text.length)] = (byte) random.nextInt(256);
                }
            }
            out.write("HTTP/1.0 200 OK\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            out.write(text);
        });
        for (int i = 0; i < 40; i++) {
            long before = cluster.node(3).rest.asked("/cluster");
            await().pollInterval(Duration.ofMillis(20)).atMost(Recorder.SOON).until(() -> {
                source.suspect();
                return cluster.node(3).rest.asked("/cluster") > before;
            });
        }
        assertThat(recorder.places()).containsExactly("node1 at 10.0.0.1:5432 as primary");
        assertThat(recorder.degraded).isEmpty();
    }
}
