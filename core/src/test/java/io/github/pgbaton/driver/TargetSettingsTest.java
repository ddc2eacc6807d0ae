package io.github.pgbaton.driver;

import static io.github.pgbaton.driver.Scripts.run;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.BatonDataSource;
import io.github.pgbaton.scripted.ScriptedLeaderSource;
import io.github.pgbaton.scripted.ScriptedPostgres;
import io.github.pgbaton.topology.HostPort;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What {@code leaderProof}, {@code memberMap} and {@code connectLimit} are to a connection whose target is a replica. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class TargetSettingsTest extends TargetOnScripts {
    private static final Duration TTL = Duration.ofMillis(300);
    private static final String STRICT = "leaderProof=strict";
    private static final String ONE = "connectLimit=1";

    /** Until nobody has confirmed the leader for longer than the ttl. */
    private void silenceForLongerThanTheTtl() {
        source.degrade("nobody answers");
        long end = System.nanoTime() + TTL.toNanos();
        await().atMost(PATIENCE).until(() -> System.nanoTime() - end > 0);
    }

    private List<String> onReplicas() {
        List<String> all = new ArrayList<>(second.statements());
        all.addAll(third.statements());
        return all;
    }

    @Test
    void strictBeginsNothingNewOnAReplicaUntilTheLeaderIsConfirmedAgain() throws Exception {
        source.settings(TTL, false, false).elect("node1");
        BatonDataSource replicas = target("replica", STRICT, "failoverTimeout=20s");
        try (Connection idle = replicas.getConnection();
                Connection inside = replicas.getConnection()) {
            run(idle, "SELECT 'idle'");
            inside.setAutoCommit(false);
            run(inside, "SELECT 'begun'");
            silenceForLongerThanTheTtl();
            CompletableFuture<Connection> connecting = Scripts.connecting(replicas);
            CompletableFuture<Void> held = CompletableFuture.runAsync(
                    () -> {
                        try {
                            run(idle, "SELECT 'held'");
                        } catch (SQLException e) {
                            throw new IllegalStateException(e);
                        }
                    },
                    task -> new Thread(task, "held").start());
            run(inside, "SELECT 'went on'");
            inside.commit();
            await().during(Duration.ofMillis(300)).atMost(PATIENCE).until(() -> !connecting.isDone() && !held.isDone());
            assertThat(onReplicas()).contains("SELECT 'went on'").doesNotContain("SELECT 'held'");

            source.elect("node1");

            held.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
            try (Connection connection = connecting.get(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
                assertThat(runs(connection, "SELECT 'new'")).isNotSameAs(primary);
            }
        }
        assertThat(onReplicas()).containsOnlyOnce("SELECT 'held'");
    }

    @Test
    void strictSaysAtTheDeadlineThatNobodyConfirmsTheLeaderAndBlamesNoReplica() throws Exception {
        source.settings(TTL, false, false).elect("node1");
        BatonDataSource replicas = target("replica", STRICT, "failoverTimeout=500ms");
        try (Connection idle = Scripts.opened(replicas)) {
            run(idle, "SELECT 'idle'");
            silenceForLongerThanTheTtl();
            for (Waiting.Call call : List.<Waiting.Call>of(replicas::getConnection, () -> run(idle, "SELECT 'held'"))) {
                assertThatThrownBy(call::run)
                        .isInstanceOfSatisfying(
                                SQLException.class,
                                e -> assertThat(e.getSQLState()).isEqualTo("08001"))
                        .hasMessageContainingAll("nobody answers", STRICT, "nothing was sent", "leaderProof=available");
            }
            source.elect("node1");
            Scripts.runAtLast(idle, "SELECT 'later'");
        }
        assertThat(onReplicas()).doesNotContain("SELECT 'held'").contains("SELECT 'later'");
    }

    @Test
    void availableReadsOnWhileNobodyConfirmsTheLeader() throws Exception {
        source.settings(TTL, false, false).elect("node1");
        BatonDataSource replicas = target("replica");
        try (Connection idle = replicas.getConnection()) {
            run(idle, "SELECT 'idle'");
            silenceForLongerThanTheTtl();
            assertThat(runs(idle, "SELECT 'silent'")).isNotSameAs(primary);
            try (Connection more = replicas.getConnection()) {
                assertThat(runs(more, "SELECT 'more'")).isNotSameAs(primary);
            }
        }
    }

    @Test
    void replicasAreReachedWhereTheMapSaysTheyAreAndLeftWhenTheyAreElected() throws Exception {
        source = ScriptedLeaderSource.register(scripts.scope);
        List<String> map = new ArrayList<>();
        for (ScriptedPostgres server : List.of(primary, second, third)) {
            String host = "10.255.255." + name(server).substring("node".length());
            source.member(name(server), new HostPort(host, 5432));
            map.add(host + ":5432=" + server.address());
        }
        source.elect("node1");
        BatonDataSource mapped = target("replica", "memberMap=" + String.join(",", map));
        try (Connection one = mapped.getConnection()) {
            ScriptedPostgres on = runs(one, "SELECT 1");
            assertThat(on).isNotSameAs(primary);
            // The other one takes its share once it has answered the first look.
            await("spread").atMost(PATIENCE).until(() -> {
                try (Connection two = mapped.getConnection()) {
                    return runs(two, "SELECT 2") == other(on);
                }
            });
            source.elect(name(on));
            assertThat(runs(one, "SELECT 3")).isSameAs(other(on));
        }
    }

    /** As a pooler does for which the member was the primary when it connected first. */
    @Test
    void sessionStaysOnAReplicaBehindAPoolerThatReportsAPrimary() throws Exception {
        second.reportingAPrimary();
        third.reportingAPrimary();
        try (Connection connection =
                target("replica", "memberMap=*={host}:{port}").getConnection()) {
            ScriptedPostgres on = runs(connection, "SELECT 1");
            assertThat(on).isNotSameAs(primary);
            int accepted = second.accepted() + third.accepted();
            assertThat(runs(connection, "SELECT 2")).isSameAs(on);
            assertThat(runs(connection, "SELECT 3")).isSameAs(on);
            assertThat(second.accepted() + third.accepted())
                    .as("the same session")
                    .isEqualTo(accepted);
        }
    }

    @Test
    void primaryBehindAPoolerThatReportsAStandbyGetsNoReads() throws Exception {
        second.silentAboutPromotion();
        third.silentAboutPromotion();
        BatonDataSource replicas = target("replica", "memberMap=*={host}:{port}");
        try (Connection connection = replicas.getConnection()) {
            ScriptedPostgres on = runs(connection, "SELECT 1");
            on.timeline(2).inRecovery(false);
            awaitLooks();
            assertThat(runs(connection, "SELECT 2")).isSameAs(other(on));
            try (Connection more = replicas.getConnection()) {
                assertThat(runs(more, "SELECT 3")).isSameAs(other(on));
            }
        }
    }

    /** Takes whoever connects and says nothing; who has a session already goes on, as the driver's own looks do. */
    private int muteReplicas(BatonDataSource replicas) throws Exception {
        replicas.getConnection().close();
        awaitLooks();
        second.mute(true);
        third.mute(true);
        return opened();
    }

    private int opened() {
        return second.accepted() + third.accepted();
    }

    private void speakAgain() {
        for (ScriptedPostgres replica : List.of(second, third)) {
            replica.mute(false);
            replica.dropSessions();
        }
    }

    @Test
    void noMoreSessionsToReplicasAreOpenedAtOnceThanTheLimitAndThePrimaryIsNotKeptWaiting() throws Exception {
        BatonDataSource replicas = target("replica", ONE);
        int before = muteReplicas(replicas);
        List<CompletableFuture<Connection>> waiting = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            waiting.add(Scripts.connecting(replicas));
        }
        await().atMost(PATIENCE).until(() -> opened() > before);
        await().during(Duration.ofMillis(300)).atMost(PATIENCE).until(() -> opened() == before + 1);
        try (Connection writing = target("primary", ONE).getConnection()) {
            assertThat(runs(writing, "INSERT 1")).isSameAs(primary);
        }
        speakAgain();
        for (CompletableFuture<Connection> each : waiting) {
            each.get(PATIENCE.toSeconds(), TimeUnit.SECONDS).close();
        }
    }

    @Test
    void queueForAReplicaEndsAtTheDeadlineAndSaysSo() throws Exception {
        BatonDataSource replicas = target("replica", ONE);
        int before = muteReplicas(replicas);
        CompletableFuture<Connection> opening = Scripts.connecting(replicas);
        await().atMost(PATIENCE).until(() -> opened() > before);
        assertThatThrownBy(target("replica", ONE, "failoverTimeout=500ms")::getConnection)
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("08001"))
                .hasMessageContaining("connectLimit");
        speakAgain();
        opening.get(PATIENCE.toSeconds(), TimeUnit.SECONDS).close();
    }

    @Test
    void abortReleasesACallThatWaitsForItsTurnAtTheReplicas() throws Exception {
        // Longer than the test waits: the place does not become free meanwhile.
        BatonDataSource replicas = target("replica", ONE, "handshakeTimeout=1m");
        try (Connection connection = replicas.getConnection()) {
            ScriptedPostgres on = runs(connection, "SELECT 1");
            int before = muteReplicas(replicas);
            on.dropSessions();
            CompletableFuture<Connection> opening = Scripts.connecting(replicas);
            await().atMost(PATIENCE).until(() -> opened() > before);
            Waiting waiting = new Waiting(() -> run(connection, "SELECT 2"));
            waiting.awaitParked();
            connection.abort(Runnable::run);
            assertThat(waiting.failure().getSQLState()).isEqualTo("08003");
            speakAgain();
            opening.get(PATIENCE.toSeconds(), TimeUnit.SECONDS).close();
        }
        assertThat(onReplicas()).doesNotContain("SELECT 2");
    }
}
