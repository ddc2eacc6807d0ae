package io.github.pgbaton.internal.rest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.topology.HostPort;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Whom a source believes where the leader is to be found, when the members agree on its name and not on its address. */
@Timeout(60)
class LeaderAddressTest {
    private static final String AT_HOME = "node1 at 10.0.0.1:5432 as primary";

    /** No honest answer comes too late, however slow the machine is: it would leave the other one alone. */
    private static final Timing QUICK = timing(Duration.ofMillis(200));
    /** Nothing happens unless something is suspected. */
    private static final Timing PATIENT = timing(Duration.ofMinutes(10));

    private final ScriptedCluster cluster = new ScriptedCluster();
    private final Recorder recorder = new Recorder();
    private PatroniRestSource source = source(QUICK, cluster.uris());

    private static Timing timing(Duration calmMost) {
        return new Timing(
                Duration.ofSeconds(5), Duration.ofMillis(30), Duration.ofMillis(60), Duration.ofMillis(200), calmMost);
    }

    private static PatroniRestSource source(Timing timing, List<URI> endpoints) {
        return new PatroniRestSource(endpoints, "pgcluster", timing);
    }

    private void start(Timing timing, List<URI> endpoints) {
        source = source(timing, endpoints);
        source.start(recorder);
        recorder.awaitLeader("node1");
    }

    @AfterEach
    void down() {
        source.close();
        cluster.close();
    }

    private void askedAgain(int number, int times) {
        long before = cluster.node(number).rest.asked("/cluster");
        await().atMost(Recorder.SOON).until(() -> cluster.node(number).rest.asked("/cluster") > before + times);
    }

    private void suspectedAgain(int number, int times) {
        long before = cluster.node(number).rest.asked("/cluster");
        await().pollInterval(Duration.ofMillis(20)).atMost(Recorder.SOON).until(() -> {
            source.suspect();
            return cluster.node(number).rest.asked("/cluster") > before + times;
        });
    }

    @Test
    void oneEndpointAloneMovesTheLeaderToNoOtherAddressInCalm() {
        start(QUICK, cluster.uris());
        cluster.node(3).seesLeaderAt = "10.0.0.9";
        askedAgain(3, 5);
        assertThat(recorder.places()).containsExactly(AT_HOME);
    }

    @Test
    void oneEndpointAloneMovesTheLeaderToNoOtherAddressWhileItIsLookedAtClosely() {
        cluster.node(3).seesLeaderAt = "10.0.0.9";
        start(PATIENT, cluster.uris());
        suspectedAgain(3, 10);
        assertThat(recorder.places()).containsExactly(AT_HOME);
        cluster.promote("node2", 2);
        source.suspect();
        recorder.awaitLeader("node2");
        suspectedAgain(3, 5);
        assertThat(recorder.last().leaderMember().orElseThrow().address()).isEqualTo(new HostPort("10.0.0.2", 5432));
    }

    @Test
    void oneEndpointAloneMakesNoStandbyClusterOfIt() {
        start(QUICK, cluster.uris());
        cluster.node(3).seesLeaderAs = "standby_leader";
        askedAgain(3, 5);
        suspectedAgain(3, 5);
        assertThat(recorder.places()).containsExactly(AT_HOME);
    }

    @Test
    void oneEndpointWithAWrongRestAddressHidesNoNewLeader() {
        start(PATIENT, cluster.uris());
        cluster.node(3).rest.plays((path, out) -> {
            if (path.equals("/cluster")) {
                // Of the leader it tells its own, which holds no lock.
                String leaders = cluster.node(2).rest.uri().toString();
                ScriptedPatroni.write(
                        out,
                        200,
                        cluster.node(3)
                                .cluster()
                                .replace(leaders, cluster.node(3).rest.uri().toString()));
            } else {
                cluster.node(3).honest(path, out);
            }
        });
        cluster.promote("node2", 2);
        source.suspect();
        recorder.awaitLeader("node2");
        recorder.await("proof", topology -> topology.timeline() == 2);
    }

    @Test
    void addressThatMostOfThemTellIsTheLeadersNewOne() {
        start(QUICK, cluster.uris());
        cluster.members.forEach(member -> member.seesLeaderAt = "10.0.0.9");
        recorder.await(
                "new address",
                topology -> place("10.0.0.9")
                        .equals(topology.leaderMember().orElseThrow().address()));
        assertThat(recorder.places()).hasSize(2);
    }

    @Test
    void ofTwoEndpointsTheLeadersOwnIsBelieved() {
        start(QUICK, cluster.uris().subList(0, 2));
        cluster.node(2).seesLeaderAt = "10.0.0.8";
        askedAgain(2, 5);
        assertThat(recorder.places()).containsExactly(AT_HOME);
        cluster.node(1).seesLeaderAt = "10.0.0.9";
        recorder.await(
                "new address",
                topology -> place("10.0.0.9")
                        .equals(topology.leaderMember().orElseThrow().address()));
    }

    @Test
    void onlyEndpointIsBelieved() {
        start(QUICK, cluster.uris().subList(2, 3));
        cluster.node(3).seesLeaderAt = "10.0.0.9";
        recorder.await(
                "new address",
                topology -> place("10.0.0.9")
                        .equals(topology.leaderMember().orElseThrow().address()));
    }

    private static HostPort place(String host) {
        return new HostPort(host, 5432);
    }
}
