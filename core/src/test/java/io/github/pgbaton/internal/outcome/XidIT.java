package io.github.pgbaton.internal.outcome;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.internal.outcome.CommitResult.Committed;
import io.github.pgbaton.internal.outcome.CommitResult.InDoubt;
import io.github.pgbaton.internal.outcome.CommitResult.NotSent;
import io.github.pgbaton.internal.outcome.CommitResult.Refused;
import io.github.pgbaton.internal.probe.Deadline;
import io.github.pgbaton.internal.probe.OpenSession;
import io.github.pgbaton.internal.routing.ClusterRef;
import io.github.pgbaton.scripted.WireProxy.Action;
import java.sql.SQLException;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.postgresql.core.TransactionState;
import org.postgresql.jdbc.AutoSave;

/** Commits on a real PostgreSQL without a ledger, and finds out by the transaction id what became of them. */
@Timeout(120)
class XidIT extends OnLedgerBench {
    @BeforeEach
    void dropLedger() throws SQLException {
        bench.asAdmin("DROP SCHEMA pgbaton CASCADE");
    }

    /** A session whose next COMMIT has a witness. */
    private OpenSession witnessed(ClusterRef cluster) throws SQLException {
        await().atMost(LedgerBench.PATIENCE)
                .until(() -> Witnesses.of(cluster).on(bench.proxy.address(), cluster) != null);
        return bench.open(cluster);
    }

    private Doubt doubtAfter(Action action) throws SQLException {
        OpenSession session = witnessed(ref);
        Committer committer = Committer.open(ref, session);
        LedgerBench.begin(session.connection(), 1);
        bench.proxy.script(sent -> sent.sql().equals("COMMIT") ? action : Action.FORWARD);
        CommitResult result = committer.commit(false);
        bench.proxy.script(sent -> Action.FORWARD);
        assertThat(result).isInstanceOf(InDoubt.class);
        return ((InDoubt) result).doubt();
    }

    private Resolution resolve(Doubt doubt) {
        return Resolver.resolve(ref, doubt, Deadline.in(LedgerBench.PATIENCE), () -> false);
    }

    private static void assertUnknown(Resolution found, String reason) {
        assertThat(found)
                .isInstanceOfSatisfying(
                        Resolution.Unknown.class,
                        unknown -> assertThat(unknown.reason()).contains(reason));
    }

    @Test
    void theIdIsToldBeforeTheCommitIsSent() throws SQLException {
        OpenSession session = bench.open(ref);
        Committer committer = Committer.open(ref, session);
        LedgerBench.begin(session.connection(), 1);
        committer.commit(false);
        LedgerBench.begin(session.connection(), 2);
        bench.proxy.forget();

        assertThat(committer.commit(false)).isEqualTo(new Committed(null));

        assertThat(committer.protects()).isTrue();
        // Twice to the server and back: once for the id, once for the COMMIT.
        assertThat(bench.proxy.sent().stream()
                        .filter(sent -> !sent.sql().contains("pg_is_in_recovery"))
                        .filter(sent -> sent.type() == 'S' || sent.type() == 'E')
                        .map(sent -> sent.type() == 'E' && sent.sql().equals(XidCapture.SQL) ? "id" : sent.sql()))
                .containsSubsequence("id", "COMMIT");
        assertThat(bench.committed(2)).isTrue();
    }

    @Test
    void whatWasCommittedIsFound() throws SQLException {
        assertThat(resolve(doubtAfter(Action.LOSE_ANSWER))).isInstanceOf(Resolution.Committed.class);
        assertThat(bench.committed(1)).isTrue();
    }

    @ParameterizedTest
    @EnumSource(names = {"LOSE", "HALVE"})
    void whatDidNotArriveWholeIsNotCommitted(Action action) throws SQLException {
        assertThat(resolve(doubtAfter(action))).isInstanceOf(Resolution.Aborted.class);
        assertThat(bench.committed(1)).isFalse();
    }

    @Test
    void aCommitThatArrivesLateFindsItsBackendEnded() throws Exception {
        ref = bench.cluster("&socketTimeout=3");
        Doubt doubt = doubtAfter(Action.HOLD);

        assertThat(resolve(doubt)).isInstanceOf(Resolution.Aborted.class);
        bench.proxy.release();

        bench.awaitTrue("SELECT NOT EXISTS (SELECT FROM pg_stat_get_activity(" + doubt.pid() + "))");
        assertThat(bench.committed(1)).isFalse();
    }

    @Test
    void aBackendEndedByAnAdministratorInItsSyncWaitHasCommitted() throws Exception {
        OpenSession session = witnessed(ref);
        Committer committer = Committer.open(ref, session);
        LedgerBench.begin(session.connection(), 1);
        bench.loseStandby();
        CompletableFuture<CommitResult> result = CompletableFuture.supplyAsync(() -> committer.commit(false));
        bench.awaitSyncWait(1);
        bench.asAdmin("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
        Doubt doubt = ((InDoubt) result.get(30, TimeUnit.SECONDS)).doubt();

        CompletableFuture<Resolution> found = CompletableFuture.supplyAsync(() -> resolve(doubt));
        bench.awaitTrue("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
                + " AND query LIKE '%pg_logical_emit_message%')");
        assertThat(found).as("behind the barrier only").isNotDone();
        bench.standbyIsBack();

        assertThat(found.get(30, TimeUnit.SECONDS)).isInstanceOf(Resolution.Committed.class);
        assertThat(bench.committed(1)).isTrue();
    }

    @Test
    void withoutAWitnessNothingIsConcludedOnTheSameTimeline() throws SQLException {
        Doubt doubt = doubtAfter(Action.LOSE_ANSWER);
        ref.discard(Objects.requireNonNull(Objects.requireNonNull(doubt.xid()).witness())
                .session());

        assertUnknown(resolve(doubt), "may have been given again");
    }

    @Test
    void aCrashInPlaceIsNoProofOfAnything() throws Exception {
        Doubt doubt = doubtAfter(Action.LOSE);
        String started = bench.value("SELECT pg_postmaster_start_time()");
        int victim = Integer.parseInt(bench.value("SELECT pg_backend_pid()"));

        ProcessHandle.of(victim).orElseThrow().destroyForcibly();

        Resolution found = resolve(doubt);
        assertUnknown(found, "may have been given again");
        bench.reconnect();
        assertThat(bench.value("SELECT pg_postmaster_start_time()")).isEqualTo(started);
    }

    @Test
    void aTransactionThatChangedNothingGetsNoIdAndIsNoDoubt() throws SQLException {
        OpenSession session = bench.open(ref);
        Committer committer = Committer.open(ref, session);
        session.connection().setAutoCommit(false);
        LedgerBench.run(session.connection(), "UPDATE work SET note = 'x' WHERE id = 7");
        bench.proxy.script(sent -> sent.sql().equals("COMMIT") ? Action.LOSE : Action.FORWARD);

        assertThat(committer.commit(false))
                .isInstanceOfSatisfying(
                        InDoubt.class,
                        inDoubt -> assertThat(inDoubt.doubt().readOnly()).isTrue());
    }

    @Test
    void aSessionThatReadsCommitsInOneBurstAsPlainlyAsWithoutTheDriver() throws SQLException {
        OpenSession session = bench.open(ref);
        Committer committer = Committer.open(ref, session);
        session.connection().setAutoCommit(false);
        for (int i = 0; i < 3; i++) {
            LedgerBench.run(session.connection(), "SELECT 1");
            bench.proxy.forget();
            assertThat(committer.commit(false)).isEqualTo(new Committed(null));
            assertThat(session.connection().getTransactionState()).isEqualTo(TransactionState.IDLE);
        }

        // The session of the witness is opened meanwhile.
        assertThat(bench.proxy.types(session.connection().getBackendPID()))
                .as("one Sync for all of it")
                .isEqualTo("BEBEBES");
    }

    @ParameterizedTest
    @EnumSource
    void aSessionThatReadIsNotMistakenWhenItWrites(AutoSave autosave) throws SQLException {
        OpenSession session = bench.open(ref);
        Committer committer = Committer.open(ref, session);
        session.connection().setAutoCommit(false);
        session.connection().setAutosave(autosave);
        LedgerBench.run(session.connection(), "SELECT 1");
        committer.commit(false);
        LedgerBench.run(session.connection(), "INSERT INTO work VALUES (1)");

        assertThat(committer.commit(false)).isEqualTo(new Committed(null));

        assertThat(session.connection().getTransactionState()).isEqualTo(TransactionState.IDLE);
        assertThat(session.connection().getAutosave()).isEqualTo(autosave);
        assertThat(bench.committed(1)).isTrue();
        assertThat(bench.proxy.sent()).anyMatch(sent -> sent.sql().equals(XidCapture.SQL));
    }

    @Test
    void whatItWroteIsNotCommittedUnaskedThoughTheAnswerIsLost() throws SQLException {
        OpenSession session = bench.open(ref);
        Committer committer = Committer.open(ref, session);
        session.connection().setAutoCommit(false);
        LedgerBench.run(session.connection(), "SELECT 1");
        committer.commit(false);
        LedgerBench.run(session.connection(), "INSERT INTO work VALUES (1)");
        bench.proxy.script(sent -> sent.sql().startsWith("SAVEPOINT") ? Action.LOSE_ANSWER : Action.FORWARD);

        assertThat(committer.commit(false))
                .isInstanceOfSatisfying(
                        InDoubt.class,
                        inDoubt -> assertThat(inDoubt.doubt().readOnly()).isTrue());
        bench.awaitTrue("SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE query LIKE '%pgbaton commits nothing%'"
                + " AND pid <> pg_backend_pid())");
        assertThat(bench.committed(1)).isFalse();
    }

    @Test
    void whereTheAnswerIsLostNoCommitWasSent() throws SQLException {
        OpenSession session = bench.open(ref);
        Committer committer = Committer.open(ref, session);
        LedgerBench.begin(session.connection(), 1);
        bench.proxy.script(sent -> sent.sql().equals(XidCapture.SQL) ? Action.LOSE_ANSWER : Action.FORWARD);

        assertThat(committer.commit(false)).isInstanceOf(NotSent.class);
        assertThat(bench.committed(1)).isFalse();
    }

    @Test
    void aRoleThatMayNotAskIsToldAndCommitsUnprotected() throws SQLException {
        bench.asAdmin("REVOKE EXECUTE ON FUNCTION pg_current_xact_id_if_assigned() FROM PUBLIC");
        try {
            OpenSession session = bench.open(ref);
            Committer committer = Committer.open(ref, session);
            LedgerBench.begin(session.connection(), 1);

            assertThat(committer.protects()).isFalse();
            assertThat(committer.commit(false)).isEqualTo(new Committed(null));
            assertThat(bench.committed(1)).isTrue();
        } finally {
            bench.asAdmin("GRANT EXECUTE ON FUNCTION pg_current_xact_id_if_assigned() TO PUBLIC");
        }
    }

    @Test
    void aRoleTakenOnInTheTransactionThatMayNotAskCostsOneTransaction() throws SQLException {
        OpenSession session = bench.open(ref);
        Committer committer = Committer.open(ref, session);
        LedgerBench.begin(session.connection(), 1);
        bench.asAdmin("REVOKE EXECUTE ON FUNCTION pg_current_xact_id_if_assigned() FROM PUBLIC");
        try {
            assertThat(committer.commit(false)).isInstanceOfSatisfying(Refused.class, refused -> {
                assertThat(refused.failure().getSQLState()).isEqualTo("40001");
                assertThat(refused.ledger()).isTrue();
            });
            assertThat(session.connection().getTransactionState()).isEqualTo(TransactionState.IDLE);
            assertThat(committer.unprotected()).contains("pg_current_xact_id_if_assigned");
            LedgerBench.begin(session.connection(), 2);
            assertThat(committer.commit(false)).isEqualTo(new Committed(null));
            assertThat(bench.committed(1)).isFalse();
            assertThat(bench.committed(2)).isTrue();
        } finally {
            bench.asAdmin("GRANT EXECUTE ON FUNCTION pg_current_xact_id_if_assigned() TO PUBLIC");
        }
    }
}
