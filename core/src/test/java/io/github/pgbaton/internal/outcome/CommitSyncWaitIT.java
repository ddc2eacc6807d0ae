package io.github.pgbaton.internal.outcome;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.pgbaton.internal.outcome.CommitResult.Committed;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A COMMIT whose wait for the synchronous standby is cut short is made up for, or in doubt. */
@Timeout(120)
class CommitSyncWaitIT extends OnLedgerBench {
    /** A COMMIT that is durable, and waits for a standby that does not come. */
    private CompletableFuture<CommitResult> waitingForTheStandby() throws Exception {
        bench.loseStandby();
        CompletableFuture<CommitResult> result = inBackground(1);
        bench.awaitSyncWait(1);
        return result;
    }

    private void cancelTheWait() throws Exception {
        bench.asAdmin("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
    }

    private void awaitBarrier() throws Exception {
        bench.awaitTrue("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
                + " AND query LIKE '%pg_logical_emit_message%')");
    }

    @Test
    void aBackendEndedInItsSyncWaitIsInDoubtThoughItIsDurable() throws Exception {
        CompletableFuture<CommitResult> result = waitingForTheStandby();
        bench.asAdmin("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'");

        assertInDoubt(result.get(30, TimeUnit.SECONDS));
        assertThat(bench.committed(1)).isTrue();
    }

    @Test
    void aCancelledSyncWaitIsMadeUpForBeforeItIsAcknowledged() throws Exception {
        CompletableFuture<CommitResult> result = waitingForTheStandby();
        cancelTheWait();
        // PostgreSQL has said OK; the barrier waits in its place.
        awaitBarrier();
        assertThat(result).isNotDone();
        bench.standbyIsBack();

        assertThat(result.get(30, TimeUnit.SECONDS)).isInstanceOf(Committed.class);
    }

    @Test
    void aCancelledSyncWaitIsHeardOfByASessionThatAsksForErrorsOnly() throws Exception {
        bench.asAdmin("ALTER ROLE " + CLUSTER.cluster().user() + " SET client_min_messages TO error");
        try {
            CompletableFuture<CommitResult> result = waitingForTheStandby();
            cancelTheWait();
            awaitBarrier();
            cancelTheWait();

            assertInDoubt(result.get(30, TimeUnit.SECONDS));
        } finally {
            bench.asAdmin("ALTER ROLE " + CLUSTER.cluster().user() + " RESET ALL");
        }
    }

    @Test
    void aCancelledSyncWaitOfAPlainCommitIsMadeUpForToo() throws Exception {
        ref = bench.cluster("&commitOutcome=none");
        CompletableFuture<CommitResult> result = waitingForTheStandby();
        cancelTheWait();
        awaitBarrier();
        assertThat(result).isNotDone();
        bench.standbyIsBack();

        assertThat(result.get(30, TimeUnit.SECONDS)).isEqualTo(new Committed(null));
    }

    @Test
    void aBarrierThatIsCutShortTooLeavesADoubt() throws Exception {
        CompletableFuture<CommitResult> result = waitingForTheStandby();
        cancelTheWait();
        awaitBarrier();
        cancelTheWait();

        assertInDoubt(result.get(30, TimeUnit.SECONDS));
    }

    @Test
    void theDriverNeverCancelsDuringACommit() throws Exception {
        ref = bench.cluster("&queryTimeout=3");
        bench.loseStandby();
        CompletableFuture<CommitResult> result = inBackground(1);
        bench.awaitTrue("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
                + " AND query LIKE '%COMMIT%' AND clock_timestamp() - query_start > interval '4 seconds')");
        assertThat(result).isNotDone();
        bench.standbyIsBack();

        assertThat(result.get(30, TimeUnit.SECONDS)).isInstanceOf(Committed.class);
    }
}
