package io.github.pgbaton.internal.rest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.topology.ClusterSettings;
import io.github.pgbaton.topology.HostPort;
import io.github.pgbaton.topology.Role;
import io.github.pgbaton.topology.Switchover;
import io.github.pgbaton.topology.TimelineHistory;
import io.github.pgbaton.topology.Topology;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a source makes of members that answer, in calm and in doubt. */
@Timeout(60)
class PatroniRestSourceTest {
    /** No honest member is late, however slow this machine is. */
    private static final Duration DEADLINE = Duration.ofSeconds(5);

    static final Timing QUICK = timing(DEADLINE, Duration.ofMillis(200));
    /** Nothing happens unless something is suspected. */
    static final Timing PATIENT = timing(DEADLINE, Duration.ofMinutes(10));

    static Timing timing(Duration deadline, Duration calmMost) {
        return new Timing(deadline, Duration.ofMillis(30), Duration.ofMillis(60), Duration.ofMillis(200), calmMost);
    }

    private final ScriptedCluster cluster = new ScriptedCluster();
    private final Recorder recorder = new Recorder();
    private PatroniRestSource source = source(QUICK);

    private PatroniRestSource source(Timing timing) {
        return new PatroniRestSource(cluster.uris(), "pgcluster", timing);
    }

    private void start(Timing timing) {
        source = source(timing);
        source.start(recorder);
    }

    @AfterEach
    void down() {
        source.close();
        cluster.close();
    }

    /** Anew until it is seen: a suspicion may be answered by what is under way. */
    private void suspectUntil(Callable<Boolean> condition) {
        await().pollInterval(Duration.ofMillis(20)).atMost(Recorder.SOON).until(() -> {
            source.suspect();
            return condition.call();
        });
    }

    private void awaitCalm() {
        recorder.await("facts", t -> t.settings().synchronous() && t.systemIdentifier() != null);
        await().atMost(Recorder.SOON).until(() -> cluster.members.stream().allMatch(m -> m.rest.inFlight.get() == 0));
    }

    /** Until it asks seldom: in a close look every few requests are to the leader itself. */
    private void awaitSeldom() {
        await().atMost(Recorder.SOON).until(() -> {
            long confirmations = cluster.node(1).rest.asked("/primary");
            long before = cluster.requests();
            await().atMost(Recorder.SOON).until(() -> cluster.requests() >= before + 6);
            return cluster.node(1).rest.asked("/primary") == confirmations;
        });
    }

    /** Until nobody is asked any more: that takes a source that is patient, and the end of its close look. */
    private void awaitSilence() {
        AtomicLong last = new AtomicLong(-1);
        await().pollInterval(Duration.ofMillis(500)).atMost(Recorder.SOON).until(() -> {
            long now = cluster.requests();
            return last.getAndSet(now) == now;
        });
    }

    @Test
    void tellsTheWholeClusterAtTheStart() {
        cluster.promote("node1", 3);
        start(PATIENT);
        awaitCalm();
        Topology seen = recorder.await("timeline", t -> t.timeline() == 3);
        assertThat(Recorder.leader(seen)).isEqualTo("node1");
        assertThat(seen.members()).containsOnlyKeys("node1", "node2", "node3");
        assertThat(seen.leaderMember().orElseThrow().address()).isEqualTo(new HostPort("10.0.0.1", 5432));
        assertThat(seen.leaderMember().orElseThrow().role()).isEqualTo(Role.PRIMARY);
        assertThat(seen.systemIdentifier()).isEqualTo(ScriptedCluster.SYSTEM);
        assertThat(seen.settings().ttl()).isEqualTo(Duration.ofSeconds(30));
        assertThat(recorder.threads).containsOnly("pgbaton-rest-pgcluster");
        assertThat(recorder.degraded).isEmpty();
        assertThat(recorder.published).extracting(Topology::revision).doesNotHaveDuplicates();
    }

    @Test
    void inCalmAsksOneQuestionPerIntervalAndTellsNothing() {
        start(QUICK);
        awaitCalm();
        awaitSeldom();
        long confirmations = cluster.node(1).rest.asked("/primary");
        long before = cluster.requests();
        int told = recorder.published.size();
        long start = System.nanoTime();
        await().atMost(Recorder.SOON).until(() -> cluster.requests() >= before + 10);
        long rounds = Duration.ofNanos(System.nanoTime() - start).toMillis() / 160;
        assertThat(cluster.requests() - before).isLessThanOrEqualTo(rounds + 2);
        assertThat(recorder.published).hasSize(told);
        assertThat(cluster.node(1).rest.asked("/primary")).isEqualTo(confirmations);
        assertThat(cluster.members)
                .allSatisfy(m -> assertThat(m.rest.asked("/config")).isLessThanOrEqualTo(1));
        assertThat(cluster.members)
                .allSatisfy(m -> assertThat(m.rest.mostInFlight).hasValue(1));
    }

    @Test
    void aSuspicionFindsTheNewLeaderAtOnce() {
        start(PATIENT);
        awaitCalm();
        cluster.promote("node2", 2);
        source.suspect();
        Topology seen = recorder.awaitLeader("node2");
        assertThat(Objects.requireNonNull(seen.leader()).revision()).isGreaterThan(1);
        recorder.await("timeline", t -> t.timeline() == 2);
        assertThat(recorder.leaders()).containsExactly("node1", "node2");
    }

    @Test
    void aNewLeaderIsFoundWithoutASuspicion() {
        start(QUICK);
        awaitCalm();
        cluster.loseLeader();
        recorder.awaitLeader(null);
        cluster.promote("node3", 2);
        recorder.awaitLeader("node3");
        assertThat(recorder.degraded).isEmpty();
    }

    @Test
    void whileNobodyLeadsItGoesOnAskingOftenHoweverLongThatIs() {
        cluster.config = "{\"ttl\":3,\"loop_wait\":1,\"retry_timeout\":1,\"synchronous_mode\":true}";
        start(PATIENT);
        awaitCalm();
        recorder.await("ttl", t -> t.settings().ttl().equals(Duration.ofSeconds(3)));
        cluster.loseLeader();
        source.suspect();
        recorder.awaitLeader(null);
        long lost = System.nanoTime();
        await("the end of the close look").atMost(Recorder.SOON).until(() -> secondsSince(lost) > 4.5);
        await("two questions closer than a third of the ttl allows")
                .atMost(Recorder.SOON)
                .until(() -> {
                    long before = views();
                    long from = System.nanoTime();
                    await().pollInterval(Duration.ofMillis(10))
                            .atMost(Recorder.SOON)
                            .until(() -> views() >= before + 2);
                    return secondsSince(from) < 0.7;
                });
        cluster.promote("node2", 2);
        recorder.awaitLeader("node2");
    }

    private long views() {
        return cluster.members.stream()
                .mapToLong(member -> member.rest.asked("/cluster"))
                .sum();
    }

    private static double secondsSince(long nanos) {
        return (System.nanoTime() - nanos) / 1e9;
    }

    @Test
    void aThousandSuspicionsAreOneRoundAndAConfirmedLeaderEndsThem() {
        start(PATIENT);
        awaitCalm();
        awaitSilence();
        long before = cluster.requests();
        long confirmations = cluster.node(1).rest.asked("/primary");
        long from = System.nanoTime();
        for (int i = 0; i < 1000; i++) {
            source.suspect();
        }
        await().pollInterval(Duration.ofMillis(5)).atMost(Recorder.SOON).until(() -> {
            long asked = cluster.requests() - before;
            // A round is a question to everybody and one to the leader, and three for the facts follow the last.
            long rounds = 2 + (long) (secondsSince(from) / 0.03);
            assertThat(asked).as("requests in %s rounds", rounds).isLessThanOrEqualTo(4 * rounds + 3);
            return cluster.node(1).rest.asked("/primary") > confirmations;
        });
        awaitSilence();
    }

    @Test
    void aLeaderThatHoldsTheLockIsToldBeforeItRunsAndWatchedUntilItDoes() {
        start(PATIENT);
        awaitCalm();
        cluster.promote("node2", 1);
        cluster.node(2).role = "replica";
        source.suspect();
        recorder.awaitLeader("node2");
        long before = cluster.node(2).rest.asked("/primary");
        await().atMost(Recorder.SOON).until(() -> cluster.node(2).rest.asked("/primary") > before + 3);
        cluster.promote("node2", 2);
        recorder.await("timeline", t -> t.timeline() == 2);
        awaitSilence();
    }

    @Test
    void aLeaderThatDeniesItIsNotBelieved() {
        start(PATIENT);
        awaitCalm();
        cluster.members.forEach(member -> member.seesLeader = "node2");
        suspectUntil(() -> cluster.node(2).rest.asked("/primary") > 5);
        assertThat(recorder.leaders()).containsExactly("node1");
        cluster.promote("node2", 2);
        recorder.awaitLeader("node2");
    }

    @Test
    void aMemberWithAnOldStoryDoesNotBringTheOldLeaderBack() {
        start(PATIENT);
        awaitCalm();
        cluster.promote("node2", 2);
        source.suspect();
        recorder.await("timeline", t -> t.timeline() == 2);
        // Cut off from the DCS: two members still believe in node1, and it in itself.
        for (int i : new int[] {1, 3}) {
            cluster.node(i).seesLeader = "node1";
            cluster.node(i).seesTimeline = 1;
        }
        cluster.node(1).holdsLock = true;
        cluster.node(1).role = "master";
        cluster.node(1).timeline = 1;
        for (int i = 0; i < 5; i++) {
            long before = cluster.node(1).rest.asked("/cluster");
            suspectUntil(() -> cluster.node(1).rest.asked("/cluster") > before);
        }
        cluster.node(2).rest.plays((path, out) -> {}); // now nobody tells of node2 any more
        for (int i = 0; i < 5; i++) {
            long before = cluster.node(3).rest.asked("/cluster");
            suspectUntil(() -> cluster.node(3).rest.asked("/cluster") > before + 1);
        }
        assertThat(recorder.leaders()).containsExactly("node1", "node2");
        assertThat(Recorder.leader(recorder.last())).isEqualTo("node2");
    }

    /** As of etcd, which has fallen silent: all others are late, and a zombie is not. */
    @Test
    void aMemberWithAnOldStoryDoesNotLeadWhereAnotherSourceToldOfALaterTimeline() {
        for (int i : new int[] {2, 3}) {
            cluster.node(i).rest.plays((path, out) -> {});
        }
        Topology told = new Topology(
                null, Map.of(), ScriptedCluster.SYSTEM, 2, null, ClusterSettings.DEFAULTS, 1, 1, TimelineHistory.NONE);
        source = new PatroniRestSource(cluster.uris(), "pgcluster", QUICK, told);
        source.start(recorder);
        suspectUntil(() -> cluster.node(1).rest.asked("/cluster") > 4);
        assertThat(recorder.published).isEmpty();

        cluster.promote("node2", 2);
        cluster.members.forEach(member -> member.rest.plays(member::honest));
        suspectUntil(() -> !recorder.published.isEmpty());
        recorder.awaitLeader("node2");
        assertThat(recorder.leaders()).containsExactly("node2");
    }

    @Test
    void oneMemberAloneDoesNotMoveTheLeader() {
        start(PATIENT);
        awaitCalm();
        cluster.node(3).seesLeader = null;
        suspectUntil(() -> cluster.node(3).rest.asked("/cluster") > 1);
        cluster.node(3).seesLeader = "node3";
        suspectUntil(() -> cluster.node(3).rest.asked("/primary") > 0);
        assertThat(recorder.leaders()).containsExactly("node1");
    }

    @Test
    void aLeaderThatCannotBeAskedIsElectedByTheOthers() {
        cluster.members.forEach(member -> member.apiUrl = "http://127.0.0.1:9/patroni");
        start(QUICK);
        recorder.awaitLeader("node1");
        recorder.await("system identifier", t -> t.systemIdentifier() != null);
        cluster.promote("node2", 2);
        source.suspect();
        recorder.awaitLeader("node2");
    }

    @Test
    void aClusterMadeAnewIsBelieved() {
        cluster.promote("node1", 7);
        start(PATIENT);
        awaitCalm();
        cluster.members.forEach(member -> member.system = "7999999999999999999");
        cluster.promote("node2", 1);
        source.suspect();
        recorder.awaitLeader("node2");
        recorder.await("system", t -> "7999999999999999999".equals(t.systemIdentifier()) && t.timeline() == 1);
    }

    @Test
    void aScheduledSwitchoverIsToldAndLookedAtClosely() {
        String at = Instant.now().plusSeconds(2).toString().replace("Z", "+00:00");
        cluster.members.forEach(member -> member.extra =
                ", \"pause\": true, \"scheduled_switchover\": {\"at\": \"" + at + "\", \"to\": \"node2\"}");
        start(PATIENT);
        Topology seen = recorder.await("plan", t -> t.switchover() != null);
        assertThat(seen.switchover()).isEqualTo(new Switchover(null, "node2", true));
        assertThat(seen.settings().paused()).isTrue();
        await().atMost(Recorder.SOON).until(() -> cluster.node(1).rest.asked("/primary") > 10);
        cluster.members.forEach(member -> member.extra = "");
        cluster.promote("node2", 2);
        recorder.awaitLeader("node2");
    }

    @Test
    void settingsPatroniDoesNotHaveAreNotAskedForForEver() {
        cluster.members.forEach(member -> member.rest.plays((path, out) -> {
            if (path.equals("/config")) {
                ScriptedPatroni.write(out, 502, "<html>");
            } else {
                member.honest(path, out);
            }
        }));
        start(QUICK);
        recorder.awaitLeader("node1");
        long before = cluster.requests();
        await().atMost(Recorder.SOON).until(() -> cluster.requests() > before + 15);
        assertThat(cluster.members.stream()
                        .mapToLong(member -> member.rest.asked("/config"))
                        .sum())
                .isLessThanOrEqualTo(3);
    }
}
