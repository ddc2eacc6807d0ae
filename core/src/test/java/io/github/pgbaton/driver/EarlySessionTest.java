package io.github.pgbaton.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.BatonDataSource;
import io.github.pgbaton.scripted.ScriptedLeaderSource;
import io.github.pgbaton.scripted.ScriptedPostgres;
import io.github.pgbaton.scripted.ScriptedPostgres.Reaction;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Sessions that are opened to a new leader before it is promoted: nobody gets one before, everybody right after. */
@Timeout(60)
class EarlySessionTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final int CALLERS = 8;

    private final Scripts scripts = new Scripts("early");
    private ScriptedPostgres old;
    private ScriptedPostgres next;
    private ScriptedLeaderSource source;
    private BatonDataSource following;

    @BeforeEach
    void open() throws Exception {
        old = scripts.server();
        next = scripts.server().timeline(2).inRecovery(true);
        source = scripts.source(old, next);
        source.elect("node1");
        following = scripts.following();
        following.getConnection().close();
    }

    @AfterEach
    void close() throws Exception {
        scripts.close();
    }

    private List<CompletableFuture<Connection>> callers() {
        List<CompletableFuture<Connection>> callers = new ArrayList<>();
        for (int i = 0; i < CALLERS; i++) {
            callers.add(Scripts.connecting(following));
        }
        return callers;
    }

    private static Connection within(CompletableFuture<Connection> connecting) throws Exception {
        return connecting.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }

    private long questions() {
        return next.allStatements().stream()
                .filter(sql -> sql.contains("pg_is_in_recovery"))
                .count();
    }

    @Test
    void everybodyHasASessionBeforeThePromotionAndNobodyIsGivenOne() throws Exception {
        source.elect("node2");
        List<CompletableFuture<Connection>> callers = callers();
        await().atMost(PATIENCE).until(() -> next.openSessions() == CALLERS);
        assertThat(callers).noneMatch(CompletableFuture::isDone);

        next.inRecovery(false);
        for (CompletableFuture<Connection> each : callers) {
            try (Connection connection = within(each)) {
                Scripts.run(connection, "SELECT 1");
            }
        }
        assertThat(next.accepted()).as("sessions opened in all").isEqualTo(CALLERS);
        assertThat(next.statements()).hasSize(CALLERS);
    }

    @Test
    void onlyOneOfThoseThatWaitAsksAgainAndAgain() throws Exception {
        source.elect("node2");
        List<CompletableFuture<Connection>> callers = callers();
        await().atMost(PATIENCE).until(() -> next.openSessions() == CALLERS && questions() > 4 * CALLERS);
        List<Long> askers = next.questionsBySession();
        assertThat(askers.stream().filter(count -> count > 2)).hasSize(1);

        next.inRecovery(false);
        for (CompletableFuture<Connection> each : callers) {
            within(each).close();
        }
    }

    /** As with a {@code statement_timeout} shorter than its look-out, or where {@code pg_sleep} is not for everybody. */
    @Test
    void memberThatMayNotLookOutForItsPromotionIsAskedForIt() throws Exception {
        next.script(sql -> sql.contains("pg_sleep") ? Reaction.FAIL : Reaction.SUCCEED);
        source.elect("node2");
        CompletableFuture<Connection> caller = Scripts.connecting(following);
        await().atMost(PATIENCE).until(() -> questions() > 4);
        assertThat(caller).isNotDone();

        next.inRecovery(false);
        within(caller).close();
        assertThat(next.allStatements().stream().filter(sql -> sql.contains("pg_sleep")))
                .as("look-outs, which are not tried again")
                .hasSize(1);
        assertThat(next.accepted()).isEqualTo(1);
    }

    @Test
    void sessionIsLookedAtAgainAfterThePromotion() throws Exception {
        source.elect("node2");
        List<CompletableFuture<Connection>> callers = callers();
        await().atMost(PATIENCE).until(() -> next.openSessions() == CALLERS);
        next.inRecovery(false);
        for (CompletableFuture<Connection> each : callers) {
            within(each).close();
        }
        assertThat(next.questionsBySession()).hasSize(CALLERS).allMatch(count -> count >= 2);
    }

    @Test
    void sessionsGoWithTheEpoch() throws Exception {
        ScriptedPostgres third = scripts.server().timeline(3);
        source.member("node3", third.address());
        source.elect("node2");
        List<CompletableFuture<Connection>> callers = callers();
        await().atMost(PATIENCE).until(() -> next.openSessions() == CALLERS);
        source.elect("node3");
        for (CompletableFuture<Connection> each : callers) {
            try (Connection connection = within(each)) {
                Scripts.run(connection, "SELECT 1");
            }
        }
        await().atMost(PATIENCE).until(() -> next.openSessions() == 0);
        assertThat(next.statements()).isEmpty();
        assertThat(third.statements()).hasSize(CALLERS);
    }

    @Test
    void whoWaitsTakesOverFromAProberThatGivesUp() throws Exception {
        source.elect("node2");
        CompletableFuture<Connection> prober;
        try (BatonDataSource impatient = scripts.following("failoverTimeout=5s")) {
            prober = Scripts.connecting(impatient);
            await().atMost(PATIENCE).until(() -> questions() > 1);
            CompletableFuture<Connection> patient = Scripts.connecting(following);
            assertThatThrownBy(() -> within(prober)).hasMessageContaining("recovery");
            assertThat(patient).isNotDone();
            next.inRecovery(false);
            within(patient).close();
        }
        assertThat(next.accepted()).isEqualTo(2);
    }

    /** As where the next primary dies too, before it took a write. */
    @Test
    void whoTookOverFromAProberOpensAnotherSessionWhereItsOwnBreaks() throws Exception {
        source.elect("node2");
        try (BatonDataSource impatient = scripts.following("failoverTimeout=5s")) {
            CompletableFuture<Connection> prober = Scripts.connecting(impatient);
            await().atMost(PATIENCE).until(() -> questions() > 1);
            CompletableFuture<Connection> patient = Scripts.connecting(following);
            assertThatThrownBy(() -> within(prober)).hasMessageContaining("recovery");
            long before = questions();
            await().atMost(PATIENCE).until(() -> questions() > before + 2);

            next.dropSessions();
            await().atMost(PATIENCE).until(() -> next.openSessions() == 1);
            assertThat(patient).isNotDone();
            next.inRecovery(false);
            within(patient).close();
        }
        assertThat(next.accepted()).isEqualTo(3);
    }

    @Test
    void leaderThatTakesNoConnectionsYetIsNotKnockedAtByEverybody() throws Exception {
        next.close();
        source.elect("node2");
        List<CompletableFuture<Connection>> callers = callers();
        await().during(Duration.ofMillis(300))
                .atMost(PATIENCE)
                .until(() -> callers.stream().noneMatch(CompletableFuture::isDone));
        ScriptedPostgres third = scripts.server().timeline(3);
        source.member("node3", third.address());
        source.elect("node3");
        for (CompletableFuture<Connection> each : callers) {
            within(each).close();
        }
        assertThat(third.accepted()).isEqualTo(CALLERS);
    }

    @Test
    void abortReleasesWhoWaitsOnAnEarlySession() throws Exception {
        try (Connection connection = following.getConnection()) {
            source.elect("node2");
            CompletableFuture<SQLException> failure = new CompletableFuture<>();
            Thread caller = new Thread(() -> {
                try {
                    Scripts.run(connection, "SELECT 1");
                    failure.completeExceptionally(new AssertionError("it did not fail"));
                } catch (SQLException e) {
                    failure.complete(e);
                }
            });
            caller.setDaemon(true);
            CompletableFuture<Connection> prober = Scripts.connecting(following);
            await().atMost(PATIENCE).until(() -> next.openSessions() == 1);
            caller.start();
            await().atMost(PATIENCE).until(() -> next.openSessions() == 2);
            connection.abort(Runnable::run);
            assertThat(failure.get(PATIENCE.toSeconds(), TimeUnit.SECONDS).getSQLState())
                    .isEqualTo("08003");
            await().atMost(PATIENCE).until(() -> next.openSessions() == 1);
            next.inRecovery(false);
            within(prober).close();
        }
    }

    @Test
    void whatATransactionNeedsToKnowIsAskedInAdvanceAndAgainAfterThePromotion() throws Exception {
        try (Connection connection = afterATransactionOnTheLedger()) {
            source.elect("node2");
            CompletableFuture<Void> going = CompletableFuture.runAsync(() -> {
                try {
                    Scripts.run(connection, "SELECT 2");
                } catch (SQLException e) {
                    throw new IllegalStateException(e);
                }
            });
            await().atMost(PATIENCE).until(() -> askedForTheLedger() == 1);
            assertThat(going).isNotDone();
            next.inRecovery(false);
            going.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
            assertThat(askedForTheLedger()).isEqualTo(2);
        }
    }

    @Test
    void questionInAdvanceThatFailsLeavesNoLimitOnTheSession() throws Exception {
        try (Connection connection = afterATransactionOnTheLedger()) {
            next.script(sql -> sql.contains("'pgbaton'") ? Reaction.FAIL : Reaction.SUCCEED);
            source.elect("node2");
            CompletableFuture<Connection> prober = Scripts.connecting(following);
            await().atMost(PATIENCE).until(() -> askedForTheLedger() == 1);
            assertThat(prober).isNotDone();

            next.inRecovery(false);
            try (Connection given = within(prober)) {
                assertThat(given.getNetworkTimeout()).isZero();
            }
            assertThat(next.accepted())
                    .as("the session that was asked is the one given")
                    .isEqualTo(1);
        }
    }

    private Connection afterATransactionOnTheLedger() throws SQLException {
        old.ledger();
        next.ledger();
        Connection connection = following.getConnection();
        connection.setAutoCommit(false);
        Scripts.run(connection, "SELECT 1");
        // Nothing is committed that the audit would ask the new primary for.
        connection.rollback();
        return connection;
    }

    private long askedForTheLedger() {
        return next.allStatements().stream()
                .filter(sql -> sql.contains("'pgbaton'"))
                .count();
    }
}
