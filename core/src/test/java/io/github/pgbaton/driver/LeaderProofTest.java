package io.github.pgbaton.driver;

import static io.github.pgbaton.driver.Scripts.opened;
import static io.github.pgbaton.driver.Scripts.run;
import static io.github.pgbaton.driver.Scripts.runAtLast;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.BatonDataSource;
import io.github.pgbaton.scripted.ScriptedLeaderSource;
import io.github.pgbaton.scripted.ScriptedPostgres;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What goes on, and what does not, once no source has confirmed a leader for Patroni's ttl. */
@Timeout(60)
class LeaderProofTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final Duration TTL = Duration.ofMillis(300);
    private static final String STRICT = "leaderProof=strict";

    private final Scripts scripts = new Scripts("proof");
    private ScriptedPostgres primary;
    private ScriptedPostgres other;
    private ScriptedLeaderSource source;

    @BeforeEach
    void open() throws Exception {
        primary = scripts.server();
        other = scripts.server().inRecovery(true);
        source = scripts.source(primary, other).settings(TTL, false, false);
        source.elect("node1");
    }

    @AfterEach
    void close() throws Exception {
        scripts.close();
    }

    /** Until nobody has confirmed the leader for longer than the ttl. */
    private static void outlastTheTtl() {
        long end = System.nanoTime() + TTL.toNanos();
        await().atMost(PATIENCE).until(() -> System.nanoTime() - end > 0);
    }

    private static long provenQuestions(ScriptedPostgres server) {
        return server.allStatements().stream()
                .filter(sql -> sql.contains("pg_control_system"))
                .count();
    }

    @Test
    void availableGoesOnAfterPostgresHasProvenThePrimary() throws Exception {
        BatonDataSource following = scripts.following();
        try (Connection working = following.getConnection()) {
            long before = provenQuestions(primary);
            source.degrade("nobody answers");
            outlastTheTtl();
            await("PostgreSQL is asked, though nobody connects")
                    .atMost(PATIENCE)
                    .until(() -> provenQuestions(primary) > before);
            run(working, "SELECT 1");
            try (Connection opened = following.getConnection()) {
                run(opened, "SELECT 2");
            }
        }
        assertThat(primary.statements()).contains("SELECT 1", "SELECT 2");
    }

    @Test
    void availableLearnsOfANewerPrimaryThatNoSourceTellsOf() throws Exception {
        BatonDataSource following = scripts.following();
        try (Connection working = following.getConnection()) {
            run(working, "SELECT 1");
            source.degrade("nobody answers");
            other.timeline(2).inRecovery(false);
            await("the session to the old primary is aborted")
                    .atMost(PATIENCE)
                    .until(() -> primary.openSessions() == 0);
            run(working, "SELECT 2");
        }
        assertThat(primary.statements()).containsExactly("SELECT 1");
        assertThat(other.statements()).containsExactly("SELECT 2");
    }

    @Test
    void silenceShorterThanTheTtlAsksNobody() throws Exception {
        source.settings(Duration.ofSeconds(30), false, false).elect("node1");
        BatonDataSource following = scripts.following();
        try (Connection working = following.getConnection()) {
            long before = provenQuestions(primary);
            source.degrade("nobody answers");
            run(working, "SELECT 1");
            following.getConnection().close();
            assertThat(provenQuestions(primary)).isEqualTo(before);
            assertThat(other.accepted()).isZero();
        }
    }

    @Test
    void availableAsksTheMembersWhileAPausedClusterHasNoLeader() throws Exception {
        source.settings(TTL, true, false).elect("node1");
        BatonDataSource following = scripts.following();
        try (Connection working = following.getConnection()) {
            source.loseLeader();
            run(working, "SELECT 1");
            try (Connection opened = following.getConnection()) {
                run(opened, "SELECT 2");
            }
        }
        assertThat(primary.statements()).contains("SELECT 1", "SELECT 2");
    }

    @Test
    void withoutPauseAClusterWithoutALeaderIsWaitedFor() throws Exception {
        BatonDataSource following = scripts.following("failoverTimeout=1500ms");
        opened(following).close();
        source.loseLeader();
        assertThatThrownBy(following::getConnection).hasMessageContaining("nobody holds the lock");
        CompletableFuture<Connection> waiting = Scripts.connecting(scripts.following("failoverTimeout=20s"));
        source.elect("node1");
        waiting.get(20, TimeUnit.SECONDS).close();
    }

    @Test
    void strictBeginsNothingNewUntilTheLeaderIsConfirmedAgain() throws Exception {
        // What would be replayed need not be held for a switchover; here it must be.
        primary.ledger();
        BatonDataSource following = scripts.following(STRICT, "failoverTimeout=20s");
        try (Connection idle = following.getConnection();
                Connection inside = following.getConnection()) {
            idle.setAutoCommit(false);
            run(idle, "INSERT 0");
            idle.commit();
            inside.setAutoCommit(false);
            run(inside, "INSERT 1");
            source.degrade("nobody answers");
            outlastTheTtl();
            CompletableFuture<Connection> connecting = Scripts.connecting(following);
            CompletableFuture<Void> held = CompletableFuture.runAsync(
                    () -> {
                        try {
                            run(idle, "INSERT held");
                        } catch (SQLException e) {
                            throw new IllegalStateException(e);
                        }
                    },
                    task -> new Thread(task, "held").start());
            run(inside, "INSERT 2");
            inside.commit();
            await().during(Duration.ofMillis(300)).atMost(PATIENCE).until(() -> !connecting.isDone() && !held.isDone());
            assertThat(primary.statements()).doesNotContain("INSERT held").contains("INSERT 2");
            assertThat(primary.statements())
                    .filteredOn(sql -> sql.strip().equals("COMMIT"))
                    .hasSize(2);
            source.elect("node1");
            held.get(20, TimeUnit.SECONDS);
            connecting.get(20, TimeUnit.SECONDS).close();
        }
        assertThat(primary.statements()).containsOnlyOnce("INSERT held");
    }

    @Test
    void strictSaysWhatHappenedAndWhatToDo() throws Exception {
        BatonDataSource following = scripts.following(STRICT, "failoverTimeout=500ms");
        try (Connection idle = opened(following);
                Statement hurried = idle.createStatement()) {
            source.degrade("nobody answers");
            outlastTheTtl();
            assertThatThrownBy(() -> run(idle, "INSERT 1"))
                    .isInstanceOfSatisfying(
                            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("08001"))
                    .hasMessageContainingAll("nobody answers", "strict", "nothing was sent", "leaderProof=available");
            assertThatThrownBy(following::getConnection)
                    .isInstanceOfSatisfying(
                            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("08001"))
                    .hasMessageContainingAll("nobody answers", "strict", "nothing was sent");
            source.elect("node1");
            hurried.execute("INSERT 2");
        }
        assertThat(primary.statements()).doesNotContain("INSERT 1").contains("INSERT 2");
    }

    @Test
    void strictDoesNotFollowAPrimaryThatOnlyTheMembersName() throws Exception {
        BatonDataSource strict = scripts.following(STRICT, "failoverTimeout=1s");
        BatonDataSource available = scripts.following();
        source.settings(Duration.ofSeconds(30), false, false).elect("node1");
        try (Connection kept = opened(strict)) {
            source.degrade("nobody answers");
            other.timeline(2).inRecovery(false);
            primary.close();
            available.getConnection().close();
            assertThatThrownBy(() -> run(kept, "INSERT 1")).hasMessageContaining("strict");
            source.elect("node2");
            runAtLast(kept, "INSERT 2");
        }
        assertThat(other.statements()).containsExactly("INSERT 2");
    }

    @Test
    void strictWithoutASourceIsRefused() {
        assertThatThrownBy(() ->
                        scripts.dataSource("//127.0.0.1/db?leaderProof=strict").getConnection())
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("22023"))
                .hasMessageContainingAll("leaderProof=strict", "etcd", "patroni");
    }
}
