package io.github.pgbaton.internal.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.config.ConnectionSpec;
import io.github.pgbaton.internal.probe.Deadline;
import io.github.pgbaton.internal.routing.ClusterRef;
import io.github.pgbaton.internal.session.LogicalSession.CallKind;
import io.github.pgbaton.scripted.ScriptedLeaderSource;
import io.github.pgbaton.scripted.ScriptedPostgres;
import io.github.pgbaton.scripted.ScriptedPostgres.Reaction;
import io.github.pgbaton.topology.Switchover;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What becomes of a call, and of the transaction around it, when its session breaks at a chosen moment. */
@Timeout(60)
class FollowingSessionTest {
    private static final AtomicInteger SCOPES = new AtomicInteger();
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private ScriptedPostgres first;
    private ScriptedPostgres second;
    private ScriptedLeaderSource source;
    private FollowingSession session;

    @BeforeEach
    void open() throws Exception {
        first = new ScriptedPostgres();
        second = new ScriptedPostgres().timeline(2);
        String scope = "session-" + SCOPES.incrementAndGet();
        source = ScriptedLeaderSource.register(scope)
                .member("node1", first.address())
                .member("node2", second.address());
        source.elect("node1");
        Properties properties = new Properties();
        properties.setProperty("user", "app");
        ConnectionSpec spec = ConnectionSpec.parse(
                "jdbc:pgbaton:postgresql:///db?etcd=http://127.0.0.1:1&failoverTimeout=20s&hangThreshold=500ms&replay=off&sslmode=disable&scope="
                        + scope,
                properties);
        session = FollowingSession.open(ClusterRef.acquire(spec), Deadline.in(PATIENCE));
    }

    @AfterEach
    void close() throws Exception {
        session.close();
        first.close();
        second.close();
    }

    /** As a wrapper does it: attach, call, and ask what to do about a failure. */
    private void execute(String sql) throws SQLException {
        while (true) {
            try (Statement statement = session.attach().createStatement()) {
                statement.execute(sql);
                return;
            } catch (SQLException e) {
                session.recover(e, CallKind.EXECUTE, sql);
            }
        }
    }

    private String stateOf(SqlCall call) {
        return catchThrowableOfType(SQLException.class, call::run).getSQLState();
    }

    private interface SqlCall {
        void run() throws SQLException;
    }

    private void failOver() {
        source.elect("node2");
    }

    @Test
    void idleSessionMovesWhenTheLeaderChanges() throws Exception {
        execute("SELECT 1");
        failOver();
        execute("SELECT 2");

        assertThat(second.statements()).contains("SELECT 2");
        assertThat(session.generation()).isEqualTo(1);
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(first.openSessions()).isZero());
    }

    @Test
    void callOnADeadPrimaryWaitsForTheNextOne() throws Exception {
        execute("SELECT 1");
        first.close();
        rest();
        CompletableFuture<Void> call = runAsync(() -> execute("SELECT 2"));
        assertThatThrownBy(() -> call.get(500, TimeUnit.MILLISECONDS))
                .as("the leader key still names the dead member")
                .isInstanceOf(TimeoutException.class);
        failOver();
        call.get(20, TimeUnit.SECONDS);
        assertThat(second.statements()).contains("SELECT 2");
    }

    @Test
    void idleSessionWhoseServerHungUpIsReplacedBeforeAnythingIsSent() throws Exception {
        execute("SELECT 1");
        first.dropSessions();
        rest();
        execute("INSERT INTO t VALUES (1)");

        assertThat(first.statements()).containsOnlyOnce("INSERT INTO t VALUES (1)");
        assertThat(session.generation()).isEqualTo(1);
    }

    @Test
    void idleSessionThatAnAdministratorEndedIsReplacedBeforeAnythingIsSent() throws Exception {
        execute("SELECT 1");
        first.terminateSessions();
        rest();
        execute("INSERT INTO t VALUES (1)");

        assertThat(first.statements()).containsOnlyOnce("INSERT INTO t VALUES (1)");
    }

    @Test
    void autocommitStatementInFlightIsReportedAsUnknown() throws Exception {
        first.script(sql -> sql.startsWith("INSERT") ? Reaction.HANG_UP : Reaction.SUCCEED);

        assertThat(stateOf(() -> execute("INSERT INTO t VALUES (1)"))).isEqualTo("40003");
        failOver();
        execute("SELECT 1");
        assertThat(second.statements()).containsExactly("SELECT 1");
    }

    @Test
    void firstStatementOfATransactionIsRunAgainOnTheNewPrimary() throws Exception {
        first.script(sql -> {
            if (sql.startsWith("INSERT")) {
                failOver();
                return Reaction.SHUT_DOWN;
            }
            return Reaction.SUCCEED;
        });
        session.setAutoCommit(false);
        execute("INSERT INTO t VALUES (1)");
        session.commit();

        assertThat(second.statements()).containsExactly("BEGIN", "INSERT INTO t VALUES (1)", "COMMIT");
        assertThat(first.statements()).doesNotContain("COMMIT");
    }

    @Test
    void laterStatementOfATransactionFailsWith40001() throws Exception {
        first.script(sql -> sql.startsWith("UPDATE") ? Reaction.HANG_UP : Reaction.SUCCEED);
        session.setAutoCommit(false);
        execute("INSERT INTO t VALUES (1)");

        assertThat(stateOf(() -> execute("UPDATE t SET a = 1"))).isEqualTo("40001");
    }

    @Test
    void statementsAfterALostTransactionFailUntilItIsRolledBack() throws Exception {
        session.setAutoCommit(false);
        execute("INSERT INTO t VALUES (1)");
        failOver();

        assertThat(stateOf(() -> execute("INSERT INTO t VALUES (2)"))).isEqualTo("40001");
        assertThat(stateOf(() -> execute("INSERT INTO t VALUES (3)"))).isEqualTo("40001");
        session.rollback();
        execute("INSERT INTO t VALUES (4)");
        session.commit();
        assertThat(second.statements()).containsExactly("BEGIN", "INSERT INTO t VALUES (4)", "COMMIT");
    }

    @Test
    void commitOfALostTransactionFailsOnceAndEndsIt() throws Exception {
        session.setAutoCommit(false);
        execute("INSERT INTO t VALUES (1)");
        failOver();

        assertThat(stateOf(() -> session.commit())).isEqualTo("40001");
        execute("INSERT INTO t VALUES (2)");
        session.commit();
        assertThat(second.statements()).containsExactly("BEGIN", "INSERT INTO t VALUES (2)", "COMMIT");
    }

    @Test
    void commitInFlightIsReportedAsUnknownAndNotSentAgain() throws Exception {
        first.script(sql -> sql.equals("COMMIT") ? Reaction.HANG_UP : Reaction.SUCCEED);
        session.setAutoCommit(false);
        execute("INSERT INTO t VALUES (1)");

        assertThat(stateOf(() -> session.commit())).isEqualTo("08007");
        failOver();
        execute("SELECT 1");
        assertThat(second.statements())
                .doesNotContain("INSERT INTO t VALUES (1)")
                .containsExactly("BEGIN", "SELECT 1");
    }

    @Test
    void commitOnASessionThatDiedMeanwhileIsNotSentAndSoCertainlyLost() throws Exception {
        session.setAutoCommit(false);
        execute("INSERT INTO t VALUES (1)");
        first.dropSessions();
        rest();

        assertThat(stateOf(() -> session.commit())).isEqualTo("40001");
        execute("SELECT 1");
    }

    @Test
    void commitAfterTheServersLastWordsIsNotSentAndSoCertainlyLost() throws Exception {
        session.setAutoCommit(false);
        execute("INSERT INTO t VALUES (1)");
        first.terminateSessions();
        rest();

        assertThat(stateOf(() -> session.commit())).isEqualTo("40001");
        assertThat(first.statements()).doesNotContain("COMMIT");
    }

    @Test
    void shutdownDuringCommitIsUnknownToo() throws Exception {
        first.script(sql -> sql.equals("COMMIT") ? Reaction.SHUT_DOWN : Reaction.SUCCEED);
        session.setAutoCommit(false);
        execute("INSERT INTO t VALUES (1)");

        assertThat(stateOf(() -> session.commit())).isEqualTo("08007");
    }

    @Test
    void switchingToAutocommitCommitsAndFailsAsACommitDoes() throws Exception {
        first.script(sql -> sql.equals("COMMIT") ? Reaction.HANG_UP : Reaction.SUCCEED);
        session.setAutoCommit(false);
        execute("INSERT INTO t VALUES (1)");

        assertThat(stateOf(() -> session.setAutoCommit(true))).isEqualTo("08007");
        assertThat(session.getAutoCommit()).isFalse();
    }

    @Test
    void firstStatementThatMayHaveCommittedIsUnknownUntilItIsRolledBack() throws Exception {
        first.script(sql -> sql.startsWith("INSERT") ? Reaction.HANG_UP : Reaction.SUCCEED);
        session.setAutoCommit(false);
        String sql = "INSERT INTO t VALUES (1); COMMIT";

        assertThat(stateOf(() -> execute(sql))).isEqualTo("08007");
        assertThat(stateOf(() -> execute("SELECT 1")))
                .as("never certain afterwards")
                .isEqualTo("08007");
        session.rollback();
        failOver();
        execute("SELECT 1");
    }

    @Test
    void firstStatementWhoseReadTimedOutIsNotRunBesideItself() throws Exception {
        first.script(sql -> sql.startsWith("UPDATE") ? Reaction.HANG : Reaction.SUCCEED);
        session.setAutoCommit(false);
        session.attach().setNetworkTimeout(Runnable::run, 300);

        assertThat(stateOf(() -> execute("UPDATE t SET a = 1"))).isEqualTo("40001");
        assertThat(first.statements()).containsOnlyOnce("UPDATE t SET a = 1");
    }

    @Test
    void nextBorrowerDoesNotInheritALostTransaction() throws Exception {
        execute("BEGIN");
        execute("INSERT INTO t VALUES (1)");
        failOver();
        assertThat(stateOf(() -> execute("INSERT INTO t VALUES (2)"))).isEqualTo("40001");

        session.requestBoundary();
        execute("SELECT 1");
        assertThat(second.statements()).containsExactly("SELECT 1");
    }

    @Test
    void abortReleasesAThreadThatWaitsForAPrimary() throws Exception {
        execute("SELECT 1");
        source.loseLeader();
        first.dropSessions();
        rest();
        CompletableFuture<Void> call = runAsync(() -> execute("SELECT 2"));
        assertThatThrownBy(() -> call.get(300, TimeUnit.MILLISECONDS)).isInstanceOf(TimeoutException.class);
        long before = System.nanoTime();
        session.abort(Runnable::run);

        assertThatThrownBy(() -> call.get(20, TimeUnit.SECONDS)).isInstanceOf(ExecutionException.class);
        assertThat(Duration.ofNanos(System.nanoTime() - before))
                .as("well before failoverTimeout")
                .isLessThan(Duration.ofSeconds(10));
    }

    @Test
    void commitInsideSqlTextIsUnknown() throws Exception {
        first.script(sql -> sql.startsWith("COMMIT") ? Reaction.HANG_UP : Reaction.SUCCEED);
        session.setAutoCommit(false);
        execute("INSERT INTO t VALUES (1)");

        assertThat(stateOf(() -> execute("COMMIT; SELECT 1"))).isEqualTo("08007");
    }

    @Test
    void transactionBegunBySqlTextIsNeverSplit() throws Exception {
        execute("BEGIN");
        execute("INSERT INTO t VALUES (1)");
        failOver();

        assertThat(stateOf(() -> execute("INSERT INTO t VALUES (2)"))).isEqualTo("40001");
        assertThat(second.statements()).isEmpty();
        session.rollback();
        execute("INSERT INTO t VALUES (3)");
        assertThat(second.statements()).containsExactly("INSERT INTO t VALUES (3)");
    }

    @Test
    void errorOfALivingSessionPassesThrough() throws Exception {
        first.script(sql -> sql.startsWith("INSERT") ? Reaction.FAIL : Reaction.SUCCEED);
        session.setAutoCommit(false);

        assertThat(stateOf(() -> execute("INSERT INTO t VALUES (1)"))).isEqualTo("23505");
        session.rollback();
        execute("SELECT 1");
        assertThat(session.generation()).isZero();
    }

    @Test
    void rollbackOnADeadSessionSucceeds() throws Exception {
        first.script(sql -> sql.equals("ROLLBACK") ? Reaction.HANG_UP : Reaction.SUCCEED);
        session.setAutoCommit(false);
        execute("INSERT INTO t VALUES (1)");
        session.rollback();
        failOver();
        execute("SELECT 1");
        assertThat(second.statements()).containsExactly("BEGIN", "SELECT 1");
    }

    @Test
    void deadSessionOutsideATransactionIsDetached() throws Exception {
        execute("SELECT 1");
        assertThat(session.detached()).isFalse();
        session.setAutoCommit(false);
        execute("SELECT 2");
        failOver();
        assertThat(session.detached()).as("a transaction was in progress").isFalse();
        session.rollback();
        assertThat(session.detached()).isTrue();
        execute("SELECT 3");
        session.commit();
        assertThat(session.detached()).isFalse();
        second.dropSessions();
        rest();
        assertThat(session.detached()).as("found by looking").isTrue();
        session.setAutoCommit(true);
        execute("INSERT INTO t VALUES (3)");
        assertThat(second.statements()).containsOnlyOnce("INSERT INTO t VALUES (3)");
    }

    @Test
    void attributesAreRestoredOnTheNewSession() throws Exception {
        session.attach().setReadOnly(true);
        session.attributes().readOnly(true);
        failOver();
        session.setAutoCommit(false);
        execute("SELECT 1");

        assertThat(session.current().isReadOnly()).isTrue();
        assertThat(session.current().getAutoCommit()).isFalse();
    }

    @Test
    void callBlockedOnAFrozenPrimaryIsReleasedByTheLeaderChange() throws Exception {
        first.script(sql -> sql.startsWith("UPDATE") ? Reaction.HANG : Reaction.SUCCEED);
        session.setAutoCommit(false);
        execute("INSERT INTO t VALUES (1)");
        CompletableFuture<Void> call = runAsync(() -> execute("UPDATE t SET a = 1"));
        await().atMost(PATIENCE).until(() -> first.statements().contains("UPDATE t SET a = 1"));
        assertThat(call).isNotDone();
        failOver();

        assertThatThrownBy(() -> call.get(20, TimeUnit.SECONDS))
                .cause()
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("40001"));
    }

    @Test
    void newTransactionWaitsForAnAnnouncedSwitchoverAndStartsOnTheNewPrimary() throws Exception {
        execute("SELECT 1");
        source.announce(new Switchover("node1", "node2", false));
        rest();
        CompletableFuture<Void> call = runAsync(() -> execute("INSERT INTO t VALUES (1)"));
        assertThatThrownBy(() -> call.get(300, TimeUnit.MILLISECONDS)).isInstanceOf(TimeoutException.class);
        source.loseLeader();
        assertThatThrownBy(() -> call.get(300, TimeUnit.MILLISECONDS)).isInstanceOf(TimeoutException.class);
        failOver();
        call.get(20, TimeUnit.SECONDS);

        assertThat(first.statements()).containsExactly("SELECT 1");
        assertThat(second.statements()).containsExactly("INSERT INTO t VALUES (1)");
    }

    @Test
    void transactionInProgressGoesOnWhileASwitchoverIsAnnounced() throws Exception {
        session.setAutoCommit(false);
        execute("INSERT INTO t VALUES (1)");
        source.announce(new Switchover("node1", null, false));
        rest();
        execute("INSERT INTO t VALUES (2)");
        session.commit();

        assertThat(first.statements()).contains("INSERT INTO t VALUES (2)", "COMMIT");
    }

    @Test
    void withdrawnSwitchoverLetsTransactionsGoOnWhereTheyWere() throws Exception {
        source.announce(new Switchover("node1", null, false));
        rest();
        CompletableFuture<Void> call = runAsync(() -> execute("SELECT 1"));
        source.announce(null);
        call.get(20, TimeUnit.SECONDS);

        assertThat(first.statements()).containsExactly("SELECT 1");
    }

    @Test
    void switchoverForLaterHoldsNothingBack() throws Exception {
        source.announce(new Switchover("node1", null, true));
        rest();
        execute("SELECT 1");

        assertThat(first.statements()).containsExactly("SELECT 1");
    }

    @Test
    void callOnAMemberWithoutSignOfLifeIsReleasedThoughTheLeaderHasNotChanged() throws Exception {
        first.script(sql -> sql.startsWith("UPDATE") ? Reaction.HANG : Reaction.SUCCEED);
        session.setAutoCommit(false);
        execute("INSERT INTO t VALUES (1)");
        first.mute(true);

        assertThat(stateOf(() -> execute("UPDATE t SET a = 1"))).isEqualTo("40001");
    }

    @Test
    void callThatTakesLongOnALivingMemberIsLeftAlone() throws Exception {
        first.script(sql -> sql.startsWith("UPDATE") ? Reaction.HANG : Reaction.SUCCEED);
        CompletableFuture<Void> call = runAsync(() -> execute("UPDATE t SET a = 1"));

        assertThatThrownBy(() -> call.get(5, TimeUnit.SECONDS)).isInstanceOf(TimeoutException.class);
        // Knocks were answered meanwhile, each over a connection of its own.
        assertThat(first.accepted()).isGreaterThan(2);
    }

    @Test
    void rowWrittenThroughAResultIsUnknownInAutocommitAndLostInATransaction() throws Exception {
        execute("SELECT 1");
        first.dropSessions();
        assertThat(stateOf(
                        () -> session.recover(new SQLException("gone", "08006", closed()), CallKind.UPDATE_ROW, null)))
                .isEqualTo("40003");
        session.setAutoCommit(false);
        session.attach();
        session.current().close();
        assertThat(stateOf(() -> session.recover(new SQLException("gone", "08006"), CallKind.UPDATE_ROW, null)))
                .isEqualTo("40001");
        assertThat(stateOf(() -> execute("SELECT 2"))).as("the second half").isEqualTo("40001");
    }

    private Throwable closed() throws SQLException {
        session.current().close();
        return new java.io.IOException("closed");
    }

    @Test
    void errorThatMerelyCarriesTheStateOfAShutdownIsAnOrdinaryError() throws Exception {
        first.script(sql -> sql.startsWith("SELECT foreign") ? Reaction.FAIL_57P01 : Reaction.SUCCEED);
        assertThat(stateOf(() -> execute("SELECT foreign"))).isEqualTo("57P01");
        assertThat(session.generation()).isZero();
        execute("SELECT 1");
        assertThat(first.statements()).endsWith("SELECT 1");
    }

    @Test
    void callThatAlwaysEndsItsSessionGivesUp() throws Exception {
        first.script(sql -> sql.startsWith("SELECT kill") ? Reaction.HANG_UP : Reaction.SUCCEED);
        session.setAutoCommit(false);

        assertThat(stateOf(() -> execute("SELECT kill_me()"))).isEqualTo("08006");
    }

    @Test
    void closedSessionSaysSo() throws Exception {
        session.close();
        assertThat(stateOf(() -> session.attach())).isEqualTo("08003");
        assertThat(session.isClosed()).isTrue();
    }

    @Test
    void abortFromAnotherThreadReleasesTheCaller() throws Exception {
        first.script(sql -> sql.startsWith("UPDATE") ? Reaction.HANG : Reaction.SUCCEED);
        CompletableFuture<Void> call = runAsync(() -> execute("UPDATE t SET a = 1"));
        await().atMost(PATIENCE).until(() -> first.statements().contains("UPDATE t SET a = 1"));
        session.abort(Runnable::run);

        assertThatThrownBy(() -> call.get(20, TimeUnit.SECONDS)).isInstanceOf(ExecutionException.class);
        assertThat(session.isClosed()).isTrue();
    }

    /** Long enough for the next call to look first whether the server is still there. */
    private static void rest() {
        long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(400);
        await().pollInterval(Duration.ofMillis(20)).atMost(PATIENCE).until(() -> System.nanoTime() > until);
    }

    private static CompletableFuture<Void> runAsync(SqlCall call) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        Thread thread = new Thread(() -> {
            try {
                call.run();
                done.complete(null);
            } catch (Throwable e) {
                done.completeExceptionally(e);
            }
        });
        thread.setDaemon(true);
        thread.start();
        return done;
    }
}
