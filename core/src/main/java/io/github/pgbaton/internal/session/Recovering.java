package io.github.pgbaton.internal.session;

import io.github.pgbaton.event.TransactionLostException;
import io.github.pgbaton.internal.probe.OpenSession;
import io.github.pgbaton.internal.replay.Journal;
import io.github.pgbaton.internal.replay.TransactionControl;
import io.github.pgbaton.internal.routing.ClusterRef;
import io.github.pgbaton.internal.session.LogicalSession.CallKind;
import io.github.pgbaton.internal.session.LogicalSession.Caller;
import io.github.pgbaton.internal.sql.Alone;
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

    private static final String GIVEN_UP = "it was cancelled or met its query time-out before";

    private final HeldSession held;
    private final ClusterRef cluster;
    private final Journal journal;
    private long firstBrokenNanos;

    Recovering(HeldSession held) {
        this.held = held;
        this.cluster = held.cluster;
        this.journal = held.journal;
    }

    /** Why the only or first statement of a transaction must not be run again, though it changed no rows; null where it may. */
    private @Nullable String forbidden(String sql) {
        String disabled = journal.disabled();
        return disabled == null ? journal.outside(sql) : disabled;
    }

    /**
     * As {@link LogicalSession#recover}.
     *
     * @param caller whose call it is; what it gave up is not made again, whichever way it ended
     * @return whether the call was a query in autocommit mode, which may be made again only once it is shown to change nothing
     */
    boolean recover(SQLException failure, CallKind kind, @Nullable String sql, Caller caller) throws SQLException {
        OpenSession now = held.session;
        if (failure instanceof NotCommitted) {
            if (caller.gaveUp(kind)) {
                held.transactionOver();
                throw Losses.givenUp(now, failure);
            }
            again(now, failure);
            return false;
        }
        if (failure == held.told) {
            held.told = null;
            throw failure;
        }
        boolean wrapped = held.wrapped;
        held.wrapped = false;
        if (held.closed || held.lost != null || !Losses.isLoss(failure, now)) {
            cluster.refused(now, failure);
            if (wrapped && !held.closed && Wrapping.undo(held, now, failure)) {
                return false;
            }
            if (kind != CallKind.EXECUTE && held.inTransaction(now) && Losses.isAnswer(failure)) {
                // No step tells of it, so a replay would go on without it, and commit what PostgreSQL had given up.
                journal.deny("a call failed in it that is not a statement");
            }
            throw failure;
        }
        held.broken(now);
        boolean givenUp = caller.gaveUp(kind);
        // PgJDBC counts a transaction as open once BEGIN is answered, which is in the middle of its first statement.
        boolean first = held.idleBeforeCall && kind != CallKind.FETCH && kind != CallKind.UPDATE_ROW;
        if (!first && held.inTransaction(now)) {
            if (kind == CallKind.EXECUTE && TransactionControl.possible(sql)) {
                throw held.loseUnknown(Losses.commitUnknown(now, journal.steps(), null, failure));
            }
            String obstacle = kind == CallKind.UPDATE_ROW
                    ? "it writes through an updatable result"
                    : Losses.isTimeout(failure)
                            ? "the call that was interrupted ended at a time-out of the application's own"
                            : held.obstacle();
            if (obstacle != null) {
                throw held.loseOpen(now, obstacle, failure);
            }
            if (givenUp) {
                SQLException answer = held.loseOpen(now, GIVEN_UP, failure);
                throw answer instanceof TransactionLostException ? Losses.givenUp(now, failure) : answer;
            }
            if (kind == CallKind.EXECUTE) {
                journal.callAgain();
            }
            // The next attach replays it.
            return false;
        }
        if (kind == CallKind.FETCH) {
            throw failure;
        }
        if (wrapped) {
            // No COMMIT was sent behind it.
            if (Losses.isTimeout(failure)) {
                held.over = true;
                throw Losses.lost(now, 1, "it ended at a time-out of the application's own", failure);
            }
            if (givenUp) {
                held.over = true;
                throw Losses.givenUp(now, failure);
            }
            again(now, failure);
            return false;
        }
        boolean alone = held.autoCommit || held.rawAutoCommit;
        if (kind == CallKind.UPDATE_ROW && !alone) {
            throw held.lose(Losses.lost(now, journal.steps(), null, failure));
        }
        if (kind != CallKind.CATALOG && alone) {
            if (kind == CallKind.EXECUTE && sql != null && !givenUp && mayBeReadAgain(failure, sql)) {
                try {
                    again(now, failure);
                } catch (SQLException tooOften) {
                    // Of this one nobody has shown that it changed nothing.
                    throw Losses.statementUnknown(now, "its sessions break again and again", failure);
                }
                return true;
            }
            held.over = true;
            throw Losses.statementUnknown(now, givenUp ? GIVEN_UP : null, failure);
        }
        if (kind == CallKind.EXECUTE && TransactionControl.possible(sql)) {
            throw held.loseUnknown(Losses.commitUnknown(now, journal.steps(), null, failure));
        }
        String outside = kind == CallKind.EXECUTE && sql != null ? forbidden(sql) : null;
        if (outside != null) {
            throw held.lose(Losses.lost(now, journal.steps(), outside, failure));
        }
        if (Losses.isTimeout(failure)) {
            // The server is still at it, with its locks: a second one would wait for the first.
            held.over = true;
            throw held.autoCommit ? failure : held.lose(Losses.lost(now, journal.steps(), null, failure));
        }
        if (givenUp) {
            held.lose(Losses.lost(now, journal.steps(), GIVEN_UP, failure));
            throw Losses.givenUp(now, failure);
        }
        // The first statement of a transaction, or a look at the catalog: no COMMIT was sent, so it left nothing
        // behind,
        // and no answer was seen, so nothing can be contradicted. It is run again.
        again(now, failure);
        held.firstLost = kind == CallKind.EXECUTE && !held.autoCommit;
        return false;
    }

    /** Of a statement that nobody has had an answer of: in autocommit mode all of its rows come before the first is seen. */
    private boolean mayBeReadAgain(SQLException failure, String sql) {
        return cluster.config().replay()
                && held.autoCommit
                && held.rawAutoCommit
                && held.idleBeforeCall
                && !Losses.isTimeout(failure)
                // What the session held is told of by the next call (08S02), and a query may have read it.
                && held.state.held().isEmpty()
                && held.session.connection().getStandardConformingStrings()
                && Alone.of(sql).kind() == Alone.Kind.QUERY
                && forbidden(sql) == null;
    }

    /** The call is made again on the next session, unless it is the call itself that ends its sessions. */
    private void again(OpenSession now, SQLException failure) throws SQLException {
        if (held.brokenAtFirstCall++ == 0) {
            firstBrokenNanos = System.nanoTime();
        }
        boolean tooLong =
                System.nanoTime() - firstBrokenNanos > cluster.failoverTimeout().toNanos();
        if (held.brokenAtFirstCall > MOST_BROKEN_AT_FIRST_CALL || tooLong) {
            int times = held.brokenAtFirstCall;
            held.brokenAtFirstCall = 0;
            held.transactionOver();
            SQLException answer = new SQLNonTransientConnectionException(
                    "the session broke at its first call " + times + " times in a row on " + now.address()
                            + "; nothing was committed. It looks as if the call itself ends the session",
                    "08006",
                    failure);
            throw held.autoCommit ? answer : held.lose(answer);
        }
        held.beginsAgain();
        held.answered = false;
    }
}
