package io.github.pgbaton.internal.session;

import io.github.pgbaton.internal.probe.OpenSession;
import io.github.pgbaton.internal.replay.Journal;
import io.github.pgbaton.internal.replay.TransactionControl;
import io.github.pgbaton.internal.routing.ClusterRef;
import io.github.pgbaton.internal.session.LogicalSession.CallKind;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import org.jspecify.annotations.Nullable;

/**
 * Decides what a failed call means; it returns only where the call may be made again, because nothing of it was committed
 * and nothing that was seen of it can be contradicted.
 */
final class Recovering {
    /** A session that breaks at its first call, this many times in a row, is not a failover. */
    private static final int MOST_BROKEN_AT_FIRST_CALL = 10;

    private final HeldSession held;
    private final ClusterRef cluster;
    private final Journal journal;
    private long firstBrokenNanos;

    Recovering(HeldSession held) {
        this.held = held;
        this.cluster = held.cluster;
        this.journal = held.journal;
    }

    /** As {@link LogicalSession#recover}. */
    void recover(SQLException failure, CallKind kind, @Nullable String sql) throws SQLException {
        OpenSession now = held.session;
        if (held.closed || held.lost != null || !Losses.isLoss(failure, now)) {
            cluster.refused(now, failure);
            throw failure;
        }
        held.broken(now);
        // PgJDBC counts a transaction as open once BEGIN is answered, which is in the middle of its first statement.
        boolean first = held.idleBeforeCall && kind != CallKind.FETCH && kind != CallKind.UPDATE_ROW;
        if (!first && held.inTransaction(now)) {
            if (kind == CallKind.EXECUTE && TransactionControl.possible(sql)) {
                throw held.lose(Losses.commitUnknown(now, journal.steps(), null, failure));
            }
            String obstacle = kind == CallKind.UPDATE_ROW
                    ? "it writes through an updatable result"
                    : Losses.isTimeout(failure)
                            ? "the call that was interrupted ended at a time-out of the application's own"
                            : held.obstacle();
            if (obstacle != null) {
                throw held.lose(Losses.lost(now, journal.steps(), obstacle, failure));
            }
            // The next attach replays it.
            return;
        }
        if (kind == CallKind.FETCH) {
            throw failure;
        }
        boolean alone = held.autoCommit || held.rawAutoCommit;
        if (kind == CallKind.UPDATE_ROW && !alone) {
            throw held.lose(Losses.lost(now, journal.steps(), null, failure));
        }
        if (kind != CallKind.CATALOG && alone) {
            held.over = true;
            throw Losses.statementUnknown(now, failure);
        }
        if (kind == CallKind.EXECUTE && TransactionControl.possible(sql)) {
            throw held.lose(Losses.commitUnknown(now, journal.steps(), null, failure));
        }
        if (Losses.isTimeout(failure)) {
            // The server is still at it, with its locks: a second one would wait for the first.
            held.over = true;
            throw held.autoCommit ? failure : held.lose(Losses.lost(now, journal.steps(), null, failure));
        }
        // The first statement of a transaction, or a look at the catalog: no COMMIT was sent, so it left nothing
        // behind,
        // and no answer was seen, so nothing can be contradicted. It is run again.
        if (held.brokenAtFirstCall++ == 0) {
            firstBrokenNanos = System.nanoTime();
        }
        boolean tooLong =
                System.nanoTime() - firstBrokenNanos > cluster.failoverTimeout().toNanos();
        if (held.brokenAtFirstCall > MOST_BROKEN_AT_FIRST_CALL || tooLong) {
            int times = held.brokenAtFirstCall;
            held.brokenAtFirstCall = 0;
            held.transactionOver();
            throw new SQLNonTransientConnectionException(
                    "the session broke at its first call " + times + " times in a row on " + now.address()
                            + "; nothing was committed. It looks as if the call itself ends the session",
                    "08006",
                    failure);
        }
        held.transactionOver();
        held.answered = false;
    }
}
