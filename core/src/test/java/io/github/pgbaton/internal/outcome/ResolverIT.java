package io.github.pgbaton.internal.outcome;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.pgbaton.internal.outcome.CommitResult.InDoubt;
import io.github.pgbaton.internal.probe.Deadline;
import io.github.pgbaton.internal.probe.OpenSession;
import io.github.pgbaton.scripted.WireProxy.Action;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.postgresql.core.TransactionState;
import org.postgresql.jdbc.PgConnection;

/** Finds out on a real PostgreSQL what became of commits that were cut off at every possible place. */
@Timeout(120)
class ResolverIT extends OnLedgerBench {
    @Test
    void whatWasCommittedIsFound() throws SQLException {
        Doubt doubt = doubtAfter(Action.LOSE_ANSWER);

        assertThat(resolve(doubt)).isInstanceOf(Resolution.Committed.class);
        assertThat(bench.kinds()).isEqualTo("c");
        assertThat(bench.committed(1)).isTrue();
    }

    @Test
    void whatNeverArrivedIsFencedByATombstone() throws SQLException {
        Doubt doubt = doubtAfter(Action.LOSE);

        Resolution found = resolve(doubt);

        assertThat(found).isInstanceOf(Resolution.Aborted.class);
        assertThat(bench.kinds()).isEqualTo("t");
        PgConnection asked = Objects.requireNonNull(found.session()).connection();
        assertThat(asked.getTransactionState()).isEqualTo(TransactionState.IDLE);
        assertThat(asked.getNetworkTimeout()).isZero();
    }

    @Test
    void anOwnTombstoneIsNoCommit() throws SQLException {
        Doubt doubt = doubtAfter(Action.LOSE);
        resolve(doubt);

        assertThat(resolve(doubt)).isInstanceOf(Resolution.Aborted.class);
        assertThat(bench.kinds()).isEqualTo("t");
    }

    @Test
    void aCommitThatArrivesAfterTheTombstoneRollsBack() throws Exception {
        ref = bench.cluster("&socketTimeout=3");
        Doubt doubt = doubtAfter(Action.HOLD);
        // As if the old backend could not be ended: its pid is another one's by now.
        Doubt unreachable = withBackend(doubt, doubt.pid(), doubt.backendStart() + 1);

        // It sits idle in its transaction and holds no place in the ledger yet.
        assertThat(resolve(unreachable)).isInstanceOf(Resolution.Aborted.class);
        bench.proxy.release();

        bench.awaitTrue("SELECT NOT EXISTS (SELECT FROM pg_stat_get_activity(" + doubt.pid() + "))");
        assertThat(bench.committed(1)).isFalse();
        assertThat(bench.kinds()).isEqualTo("t");
    }

    @Test
    void theOldBackendIsEndedSoThatItsLocksAreFree() throws Exception {
        ref = bench.cluster("&socketTimeout=3");
        Doubt doubt = doubtAfter(Action.HOLD);

        assertThat(resolve(doubt)).isInstanceOf(Resolution.Aborted.class);

        bench.awaitTrue("SELECT NOT EXISTS (SELECT FROM pg_stat_get_activity(" + doubt.pid() + "))");
    }

    @Test
    void aBackendWithTheSamePidButAnotherStartIsLeftAlone() throws Exception {
        Doubt doubt = doubtAfter(Action.LOSE);
        Connection bystander = bench.another();
        int pid = bystander.unwrap(org.postgresql.jdbc.PgConnection.class).getBackendPID();

        assertThat(resolve(withBackend(doubt, pid, doubt.backendStart()))).isInstanceOf(Resolution.Aborted.class);

        assertThat(bystander.isValid(5)).isTrue();
    }

    @Test
    void anOriginalInProgressThatCommitsIsWaitedFor() throws Exception {
        UUID token = UUID.randomUUID();
        Connection original = original(token);
        CompletableFuture<Resolution> found = inBackground(doubt(token));
        bench.awaitTrue("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND locktype = 'transactionid')");
        original.commit();

        assertThat(found.get(30, TimeUnit.SECONDS)).isInstanceOf(Resolution.Committed.class);
        assertThat(bench.kinds()).isEqualTo("c");
    }

    @Test
    void anOriginalInProgressThatRollsBackMakesRoomForTheTombstone() throws Exception {
        UUID token = UUID.randomUUID();
        Connection original = original(token);
        CompletableFuture<Resolution> found = inBackground(doubt(token));
        bench.awaitTrue("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND locktype = 'transactionid')");
        original.rollback();

        assertThat(found.get(30, TimeUnit.SECONDS)).isInstanceOf(Resolution.Aborted.class);
        assertThat(bench.kinds()).isEqualTo("t");
    }

    @Test
    void anOriginalThatGoesOnForeverEndsAtTheDeadline() throws Exception {
        UUID token = UUID.randomUUID();
        original(token);

        Resolution found = Resolver.resolve(ref, doubt(token), Deadline.in(Duration.ofSeconds(3)), () -> false);

        assertThat(found)
                .isInstanceOfSatisfying(
                        Resolution.Unknown.class,
                        unknown ->
                                assertThat(unknown.reason()).contains("3000 ms").contains("lock timeout"));
        assertThat(bench.kinds()).isEmpty();
    }

    @Test
    void anOriginalInItsSyncWaitIsCommittedAndAcknowledgedOnlyBehindTheBarrier() throws Exception {
        OpenSession session = bench.open(ref);
        Committer committer = Committer.open(ref, session);
        LedgerBench.begin(session.connection(), 1);
        bench.loseStandby();
        CompletableFuture<CommitResult> result = CompletableFuture.supplyAsync(() -> committer.commit(false));
        bench.awaitSyncWait(1);
        session.socket().abort();
        Doubt doubt = ((InDoubt) result.get(30, TimeUnit.SECONDS)).doubt();

        CompletableFuture<Resolution> found = inBackground(doubt);
        bench.awaitTrue("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
                + " AND query LIKE '%pg_logical_emit_message%')");
        assertThat(found).isNotDone();
        bench.standbyIsBack();

        assertThat(found.get(30, TimeUnit.SECONDS)).isInstanceOf(Resolution.Committed.class);
        assertThat(bench.committed(1)).isTrue();
    }

    @Test
    void aTombstoneWhoseSyncWaitWasCutShortIsNotBelievedBeforeTheBarrier() throws Exception {
        Doubt doubt = doubtAfter(Action.LOSE);
        bench.loseStandby();
        CompletableFuture<Resolution> found = inBackground(doubt);
        bench.awaitSyncWait(1);
        bench.asAdmin("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
        bench.awaitTrue("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
                + " AND query LIKE '%pg_logical_emit_message%')");
        assertThat(found).isNotDone();
        bench.standbyIsBack();

        assertThat(found.get(30, TimeUnit.SECONDS)).isInstanceOf(Resolution.Aborted.class);
        assertThat(bench.kinds()).isEqualTo("t");
    }

    @Test
    void aBarrierThatIsCutShortIsNoAcknowledgement() throws Exception {
        Doubt doubt = doubtAfter(Action.LOSE_ANSWER);
        bench.awaitTrue("SELECT EXISTS (SELECT FROM pgbaton.tx)");
        bench.loseStandby();
        CompletableFuture<Resolution> found = inBackground(doubt);
        for (int cut = 0; cut < 2; cut++) {
            String barriers = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
                    + " AND query LIKE '%pg_logical_emit_message%'";
            bench.awaitTrue("SELECT EXISTS (" + barriers + ")");
            String pid = bench.value(barriers);
            bench.asAdmin("SELECT pg_cancel_backend(" + pid + ")");
            bench.awaitTrue("SELECT NOT EXISTS (" + barriers + " AND pid = " + pid + ")");
            assertThat(found).isNotDone();
        }
        bench.standbyIsBack();

        assertThat(found.get(30, TimeUnit.SECONDS)).isInstanceOf(Resolution.Committed.class);
    }

    @Test
    void aTombstoneWhoseAnswerWasLostIsRecognised() throws SQLException {
        Doubt doubt = doubtAfter(Action.LOSE);
        AtomicBoolean first = new AtomicBoolean(true);
        bench.proxy.script(sent -> sent.sql().contains("INSERT INTO pgbaton.tx(token, kind)") && first.getAndSet(false)
                ? Action.LOSE_ANSWER
                : Action.FORWARD);

        assertThat(resolve(doubt)).isInstanceOf(Resolution.Aborted.class);
        assertThat(first).isFalse();
        assertThat(bench.kinds()).isEqualTo("t");
    }

    @Test
    void aBarrierWhoseAnswerWasLostIsTriedAgain() throws SQLException {
        Doubt doubt = doubtAfter(Action.LOSE_ANSWER);
        AtomicBoolean first = new AtomicBoolean(true);
        bench.proxy.script(sent -> sent.sql().contains("pg_logical_emit_message(") && first.getAndSet(false)
                ? Action.LOSE_ANSWER
                : Action.FORWARD);

        assertThat(resolve(doubt)).isInstanceOf(Resolution.Committed.class);
        assertThat(first).isFalse();
    }

    @Test
    void nothingIsConcludedFromALedgerThatIsGone() throws SQLException {
        Doubt doubt = doubtAfter(Action.LOSE_ANSWER);
        bench.asAdmin("DROP SCHEMA pgbaton CASCADE");

        assertUnknown(resolve(doubt), "there is no table pgbaton.tx");
    }

    @Test
    void nothingIsConcludedFromALedgerThatWasMadeAnew() throws SQLException {
        Doubt doubt = doubtAfter(Action.LOSE_ANSWER);
        bench.asAdmin("DROP SCHEMA pgbaton CASCADE");
        bench.asAdmin(LedgerSql.create(LedgerSql.DEFAULT_RETENTION, List.of()));

        assertUnknown(resolve(doubt), "made anew");
        assertThat(bench.kinds()).isEmpty();
    }

    @Test
    void nothingIsConcludedWithoutThePrivilege() throws SQLException {
        Doubt doubt = doubtAfter(Action.LOSE);
        bench.asAdmin("REVOKE ALL ON pgbaton.tx FROM PUBLIC");

        assertUnknown(resolve(doubt), "lacks INSERT (token, kind) on pgbaton.tx");
    }

    @Test
    void nothingIsConcludedWhereAPrimaryOfThePastCouldNotBeToldFromThisOne() throws SQLException {
        Doubt doubt = doubtAfter(Action.LOSE);
        bench.asAdmin("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC");
        try {
            assertUnknown(resolve(doubt), "may not execute pg_walfile_name or pg_control_system");
        } finally {
            bench.asAdmin("GRANT EXECUTE ON FUNCTION pg_control_system() TO PUBLIC");
        }
        assertThat(bench.kinds()).isEmpty();
    }

    @Test
    void nothingIsConcludedOnceTheRowMayHaveBeenPurged() throws SQLException {
        Doubt doubt = doubtAfter(Action.LOSE_ANSWER);
        Duration half = LedgerSql.DEFAULT_RETENTION.dividedBy(2);
        Doubt old = new Doubt(
                doubt.token(),
                false,
                doubt.sentNanos() - half.toNanos(),
                doubt.sentAt(),
                doubt.member(),
                doubt.pid(),
                doubt.backendStart(),
                doubt.timeline(),
                doubt.systemIdentifier(),
                doubt.retention());

        assertUnknown(resolve(old), "keeps its rows for 7200 s");
        assertThat(bench.kinds()).isEqualTo("c");
    }

    @Test
    void aRetentionThatWasCutMeanwhileCounts() throws SQLException {
        Doubt doubt = doubtAfter(Action.LOSE_ANSWER);
        bench.asAdmin(LedgerSql.create(LedgerSql.LEAST_RETENTION, java.util.List.of()));
        Doubt old = new Doubt(
                doubt.token(),
                false,
                doubt.sentNanos(),
                Instant.now().minus(LedgerSql.LEAST_RETENTION.dividedBy(2)),
                doubt.member(),
                doubt.pid(),
                doubt.backendStart(),
                doubt.timeline(),
                doubt.systemIdentifier(),
                doubt.retention());

        assertUnknown(resolve(old), "keeps its rows for 600 s");
    }

    @Test
    void nothingIsConcludedInAnotherCluster() throws SQLException {
        Doubt doubt = doubtAfter(Action.LOSE);
        Doubt foreign = new Doubt(
                doubt.token(),
                false,
                doubt.sentNanos(),
                doubt.sentAt(),
                doubt.member(),
                doubt.pid(),
                doubt.backendStart(),
                doubt.timeline(),
                "7000000000000000001",
                doubt.retention());

        assertUnknown(
                Resolver.resolve(ref, foreign, Deadline.in(Duration.ofSeconds(5)), () -> false), "another cluster");
        assertThat(bench.kinds()).isEmpty();
    }

    @Test
    void nothingIsConcludedOnALowerTimeline() throws SQLException {
        Doubt doubt = doubtAfter(Action.LOSE);
        Doubt later = new Doubt(
                doubt.token(),
                false,
                doubt.sentNanos(),
                doubt.sentAt(),
                doubt.member(),
                doubt.pid(),
                doubt.backendStart(),
                doubt.timeline() + 1,
                doubt.systemIdentifier(),
                doubt.retention());

        assertUnknown(Resolver.resolve(ref, later, Deadline.in(Duration.ofSeconds(5)), () -> false), "writes timeline");
        assertThat(bench.kinds()).isEmpty();
    }

    @Test
    void settingsOfTheRoleDoNotChangeWhatIsConcluded() throws SQLException {
        String role = CLUSTER.cluster().user();
        bench.asAdmin(
                "ALTER ROLE " + role + " SET default_transaction_isolation TO 'serializable'",
                "ALTER ROLE " + role + " SET synchronous_commit TO off");
        try {
            Doubt durable = doubtAfter(Action.LOSE_ANSWER);
            assertThat(resolve(durable)).isInstanceOf(Resolution.Committed.class);
            assertThat(resolve(doubt(UUID.randomUUID()))).isInstanceOf(Resolution.Aborted.class);
        } finally {
            bench.asAdmin("ALTER ROLE " + role + " RESET ALL");
        }
    }

    @Test
    void aBarrierWaitsEvenWhereTheSessionAsksForNoWait() throws Exception {
        String role = CLUSTER.cluster().user();
        Doubt doubt = doubtAfter(Action.LOSE_ANSWER);
        bench.awaitTrue("SELECT EXISTS (SELECT FROM pgbaton.tx)");
        bench.asAdmin("ALTER ROLE " + role + " SET synchronous_commit TO local");
        try {
            bench.loseStandby();
            CompletableFuture<Resolution> found = inBackground(doubt);
            bench.awaitTrue("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
                    + " AND query LIKE '%pg_logical_emit_message%')");
            assertThat(found).isNotDone();
            bench.standbyIsBack();
            assertThat(found.get(30, TimeUnit.SECONDS)).isInstanceOf(Resolution.Committed.class);
        } finally {
            bench.asAdmin("ALTER ROLE " + role + " RESET ALL");
        }
    }

    @Test
    void aCallerWhoLeavesIsNotKept() throws SQLException {
        Doubt doubt = doubtAfter(Action.LOSE);

        assertUnknown(Resolver.resolve(ref, doubt, Deadline.in(LedgerBench.PATIENCE), () -> true), "closed");
    }

    @Test
    void theDeadlineHoldsWhileThereIsNoPrimary() throws Exception {
        Doubt doubt = doubtAfter(Action.LOSE);
        bench.proxy.close();

        assertUnknown(Resolver.resolve(ref, doubt, Deadline.in(Duration.ofSeconds(1)), () -> false), "1000 ms");
    }

    private Resolution resolve(Doubt doubt) {
        return keep(Resolver.resolve(ref, doubt, Deadline.in(LedgerBench.PATIENCE), () -> false));
    }

    private CompletableFuture<Resolution> inBackground(Doubt doubt) {
        return CompletableFuture.supplyAsync(() -> resolve(doubt));
    }

    private Resolution keep(Resolution found) {
        OpenSession session = found.session();
        if (session != null) {
            bench.keep(() -> ref.discard(session));
        }
        return found;
    }

    /** A transaction that writes row 1, and is cut off at its COMMIT. */
    private Doubt doubtAfter(Action action) throws SQLException {
        OpenSession session = bench.open(ref);
        Committer committer = Committer.open(ref, session);
        LedgerBench.begin(session.connection(), 1);
        bench.proxy.script(sent ->
                sent.type() == 'B' && sent.sql().contains("INSERT INTO pgbaton.tx(token)") ? action : Action.FORWARD);
        CommitResult result = committer.commit(false);
        bench.proxy.script(sent -> Action.FORWARD);
        assertThat(result).isInstanceOf(InDoubt.class);
        return ((InDoubt) result).doubt();
    }

    /** Somebody else's transaction with this token, which is not committed yet. */
    private Connection original(UUID token) throws SQLException {
        Connection original = bench.another();
        original.setAutoCommit(false);
        LedgerBench.run(original, "INSERT INTO pgbaton.tx(token) VALUES ('" + token + "')");
        return original;
    }

    /** Of a backend that is no more. */
    private Doubt doubt(UUID token) {
        return new Doubt(
                token,
                false,
                System.nanoTime(),
                Instant.now(),
                bench.proxy.address(),
                1,
                1,
                1,
                null,
                LedgerSql.DEFAULT_RETENTION);
    }

    private static Doubt withBackend(Doubt doubt, int pid, long start) {
        return new Doubt(
                doubt.token(),
                doubt.readOnly(),
                doubt.sentNanos(),
                doubt.sentAt(),
                doubt.member(),
                pid,
                start,
                doubt.timeline(),
                doubt.systemIdentifier(),
                doubt.retention());
    }

    private static void assertUnknown(Resolution found, String reason) {
        assertThat(found)
                .isInstanceOfSatisfying(
                        Resolution.Unknown.class,
                        unknown -> assertThat(unknown.reason()).contains(reason));
    }
}
