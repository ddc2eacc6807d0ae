package io.github.pgbaton.internal.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.scripted.ScriptedPostgres.Reaction;
import io.github.pgbaton.topology.Switchover;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What becomes of a call when its session breaks at a chosen moment, or waits for a primary. */
@Timeout(60)
class FollowingSessionTest extends SessionOnScripts {
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
    void errorOfALivingSessionPassesThrough() throws Exception {
        first.script(sql -> sql.startsWith("INSERT") ? Reaction.FAIL : Reaction.SUCCEED);
        session.setAutoCommit(false);

        assertThat(stateOf(() -> execute("INSERT INTO t VALUES (1)"))).isEqualTo("23505");
        session.rollback();
        execute("SELECT 1");
        assertThat(session.generation()).isZero();
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
}
