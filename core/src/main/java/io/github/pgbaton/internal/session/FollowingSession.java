package io.github.pgbaton.internal.session;

import io.github.pgbaton.internal.probe.Deadline;
import io.github.pgbaton.internal.probe.OpenSession;
import io.github.pgbaton.internal.replay.Journal;
import io.github.pgbaton.internal.replay.Step;
import io.github.pgbaton.internal.replay.TransactionControl;
import io.github.pgbaton.internal.routing.ClusterRef;
import io.github.pgbaton.internal.socket.RawSocket;
import io.github.pgbaton.internal.sql.Effect;
import io.github.pgbaton.internal.sql.Effects;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.sql.Savepoint;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;
import org.postgresql.core.TransactionState;
import org.postgresql.jdbc.PgConnection;

/**
 * A session that follows the primary: it is replaced only outside a transaction, so that no two statements of one
 * transaction ever run on different sessions.
 *
 * <p>When the session breaks, what PostgreSQL last said of the transaction (PgJDBC keeps it) decides:
 *
 * <ul>
 *   <li>no transaction open: nothing can be lost; the next call gets a session on the primary;
 *   <li>inside one: it is over, and certainly not committed, because its COMMIT was not sent. The application is told
 *       once with 40001, and until it rolls back (or commits, which fails the same way) every further statement gets the
 *       same answer: the second half of a transaction must not run by itself on the new primary;
 *   <li>COMMIT sent: 08007, nobody knows;
 *   <li>an autocommit statement sent: 40003, nobody knows.
 * </ul>
 *
 * <p>Used by one thread at a time like any JDBC connection; {@link #current}, {@link #abort} and {@link #isClosed} read
 * volatile fields only.
 */
public final class FollowingSession implements LogicalSession {
    /** How long a session may lie idle before the next call first looks whether the server hung up meanwhile. */
    private static final long IDLE_NANOS = TimeUnit.MILLISECONDS.toNanos(250);

    /** A session that breaks at its first call, this many times in a row, is not a failover. */
    private static final int MOST_BROKEN_AT_FIRST_CALL = 10;

    private final ClusterRef cluster;
    private final SessionAttributes attributes = new SessionAttributes();
    private final SessionState state = new SessionState();
    private final Journal journal = new Journal();
    /** Whoever waits for a primary now; only it can be told to stop. */
    private volatile @Nullable Caller waiting;

    private volatile OpenSession session;
    private volatile boolean closed;
    private boolean autoCommit = true;
    private long generation;
    private long lastUseNanos = System.nanoTime();
    private @Nullable SQLException lost;
    private boolean over;
    private boolean answered;
    private boolean idleBeforeCall = true;
    /** What PgJDBC itself has, which an application may have changed behind our back through unwrap. */
    private boolean rawAutoCommit = true;

    private int brokenAtFirstCall;
    private long firstBrokenNanos;

    private FollowingSession(ClusterRef cluster, OpenSession session) {
        this.cluster = cluster;
        this.session = session;
    }

    /**
     * Opens a session on the primary.
     *
     * @param cluster released when the session is closed, or at once when none can be opened
     * @param deadline for the first one
     * @return the session
     * @throws SQLException 08001 without a primary in time; what PostgreSQL said where waiting cannot help
     */
    public static FollowingSession open(ClusterRef cluster, Deadline deadline) throws SQLException {
        boolean opened = false;
        try {
            OpenSession first = Restoring.initialized(cluster, deadline, () -> false);
            opened = true;
            return new FollowingSession(cluster, first);
        } finally {
            if (!opened) {
                cluster.release();
            }
        }
    }

    @Override
    public PgConnection attach() throws SQLException {
        return attach(Patience.NONE);
    }

    @Override
    public PgConnection attach(Caller caller) throws SQLException {
        OpenSession now = session;
        if (closed) {
            throw closedException();
        }
        if (lost != null) {
            throw Losses.again(lost);
        }
        if (cluster.holds() && !inTransaction(now)) {
            awaitSwitchover(caller);
        }
        if (answered) {
            brokenAtFirstCall = 0;
        }
        if (now.socket().aborted() || now.connection().isClosed() || (rested() && hungUp(now))) {
            return replace(now, caller);
        }
        answered = true;
        idleBeforeCall = now.connection().getTransactionState() == TransactionState.IDLE;
        rawAutoCommit = now.connection().getAutoCommit();
        return now.connection();
    }

    private void awaitSwitchover(Caller caller) throws SQLException {
        Patience patience = new Patience(caller, cluster);
        waiting = caller;
        try {
            cluster.awaitSwitchover(patience.deadline(), caller::waitCancelled);
        } finally {
            waiting = null;
        }
        patience.check();
        if (closed) {
            throw closedException();
        }
        cluster.requireProof(patience.elapsed());
    }

    @Override
    public boolean cancelWait(Caller caller) {
        if (waiting != caller) {
            return false;
        }
        caller.waitCancelled(true);
        cluster.wake();
        // Where the wait ended meanwhile, nobody may have looked: then the statement itself is to be cancelled.
        return waiting == caller;
    }

    private PgConnection replace(OpenSession dead, Caller caller) throws SQLException {
        cluster.suspect(dead);
        if (inTransaction(dead)) {
            throw lose(Losses.lost(dead, journal.steps(), null));
        }
        cluster.discard(dead);
        Patience patience = new Patience(caller, cluster);
        Restoring restoring = new Restoring(attributes, state, autoCommit);
        OpenSession fresh;
        waiting = caller;
        try {
            fresh = restoring.open(cluster, patience.deadline(), caller::waitCancelled);
        } catch (SQLException e) {
            throw closed ? e : patience.explain(e);
        } finally {
            waiting = null;
        }
        generation++;
        over = false;
        answered = true;
        idleBeforeCall = true;
        rawAutoCommit = autoCommit;
        session = fresh;
        lastUseNanos = System.nanoTime();
        if (closed) {
            // abort() came while the session was being replaced and saw only the old one.
            cluster.discard(fresh);
            throw closedException();
        }
        cluster.moved(dead.address(), fresh.address(), patience.elapsed(), state.channels());
        restoring.tellLost(dead, fresh);
        patience.check();
        return fresh.connection();
    }

    /** Whether the session has lain idle; notes that it is used now. */
    private boolean rested() {
        long before = lastUseNanos;
        lastUseNanos = System.nanoTime();
        return lastUseNanos - before > IDLE_NANOS;
    }

    /** Whether the server ended an idle session; reads what it sent meanwhile, so that nothing is lost. */
    private boolean hungUp(OpenSession idle) throws SQLException {
        if (idle.connection().isClosed()) {
            return true;
        }
        for (int look = 0; look < 3; look++) {
            RawSocket.Peek peek = idle.socket().peek();
            if (peek != RawSocket.Peek.DATA) {
                return peek == RawSocket.Peek.HUNG_UP;
            }
            if (inTransaction(idle)) {
                // PgJDBC reads notifications between transactions only; the next call reads what waits here.
                return false;
            }
            try {
                idle.connection().getQueryExecutor().processNotifies();
            } catch (SQLException e) {
                // The server's last words: an administrator's or a shutdown's FATAL.
                return true;
            }
        }
        return false;
    }

    @Override
    public PgConnection current() {
        return session.connection();
    }

    @Override
    public long generation() {
        return generation;
    }

    @Override
    public void recover(SQLException failure, CallKind kind, @Nullable String sql) throws SQLException {
        OpenSession now = session;
        if (closed || lost != null || !Losses.isLoss(failure, now)) {
            cluster.refused(now, failure);
            throw failure;
        }
        broken(now);
        // PgJDBC counts a transaction as open once BEGIN is answered, which is in the middle of its first statement.
        boolean first = idleBeforeCall && kind != CallKind.FETCH && kind != CallKind.UPDATE_ROW;
        if (!first && inTransaction(now)) {
            throw lose(
                    kind == CallKind.EXECUTE && TransactionControl.possible(sql)
                            ? Losses.commitUnknown(now, journal.steps(), failure)
                            : Losses.lost(now, journal.steps(), failure));
        }
        if (kind == CallKind.FETCH) {
            throw failure;
        }
        boolean alone = autoCommit || rawAutoCommit;
        if (kind == CallKind.UPDATE_ROW && !alone) {
            throw lose(Losses.lost(now, journal.steps(), failure));
        }
        if (kind != CallKind.CATALOG && alone) {
            over = true;
            throw Losses.statementUnknown(now, failure);
        }
        if (kind == CallKind.EXECUTE && TransactionControl.possible(sql)) {
            throw lose(Losses.commitUnknown(now, journal.steps(), failure));
        }
        if (Losses.isTimeout(failure)) {
            // The server is still at it, with its locks: a second one would wait for the first.
            over = true;
            throw autoCommit ? failure : lose(Losses.lost(now, journal.steps(), failure));
        }
        // The first statement of a transaction, or a look at the catalog: no COMMIT was sent, so it left nothing
        // behind,
        // and no answer was seen, so nothing can be contradicted. It is run again.
        if (brokenAtFirstCall++ == 0) {
            firstBrokenNanos = System.nanoTime();
        }
        boolean tooLong =
                System.nanoTime() - firstBrokenNanos > cluster.failoverTimeout().toNanos();
        if (brokenAtFirstCall > MOST_BROKEN_AT_FIRST_CALL || tooLong) {
            int times = brokenAtFirstCall;
            brokenAtFirstCall = 0;
            transactionOver();
            throw new SQLNonTransientConnectionException(
                    "the session broke at its first call " + times + " times in a row on " + now.address()
                            + "; nothing was committed. It looks as if the call itself ends the session",
                    "08006",
                    failure);
        }
        transactionOver();
        answered = false;
    }

    /** Makes sure that the next call replaces the session, and that nobody trusts its member unseen. */
    private void broken(OpenSession now) {
        now.socket().abort();
        cluster.suspect(now);
    }

    /** Asks what PostgreSQL last said: SQL text can begin a transaction in autocommit mode too. */
    private boolean inTransaction(OpenSession now) {
        return !over && now.connection().getTransactionState() != TransactionState.IDLE;
    }

    private SQLException lose(SQLException answer) {
        lost = answer;
        return answer;
    }

    /** The transaction has ended, whichever way; a dead session still claims to be inside it. */
    private void transactionOver() {
        lost = null;
        journal.clear();
        state.rolledBack();
        OpenSession now = session;
        if (now.connection().getTransactionState() != TransactionState.IDLE) {
            over = true;
            now.socket().abort();
        }
    }

    @Override
    public SessionAttributes attributes() {
        return attributes;
    }

    @Override
    public SessionState state() {
        return state;
    }

    @Override
    public void running(Effects effects) throws SQLException {
        if (lost == null || effects.all().size() != 1) {
            return;
        }
        Effect only = effects.all().get(0);
        if (only instanceof Effect.Rollback) {
            transactionOver();
        } else if (only instanceof Effect.Commit) {
            SQLException answer = Losses.again(lost);
            transactionOver();
            throw answer;
        }
    }

    @Override
    public void ran(Effects effects, IntFunction<@Nullable String> bound) throws SQLException {
        boolean open = inTransaction(session);
        state.ran(effects, bound, open);
        if (!open) {
            // SQL text ended it.
            journal.clear();
        }
    }

    @Override
    public Savepoint setSavepoint(@Nullable String name) throws SQLException {
        for (; ; ) {
            PgConnection target = attach();
            try {
                Savepoint made = name == null ? target.setSavepoint() : target.setSavepoint(name);
                state.savepoint(made);
                return made;
            } catch (SQLException failure) {
                recover(failure, CallKind.CATALOG, null);
            }
        }
    }

    @Override
    public Journal journal() {
        return journal;
    }

    @Override
    public boolean getAutoCommit() throws SQLException {
        checkOpen();
        return autoCommit;
    }

    @Override
    public void setAutoCommit(boolean value) throws SQLException {
        checkOpen();
        if (value == autoCommit) {
            return;
        }
        if (lost != null) {
            // Begun by SQL text and lost: here it ends, and the application is told once more.
            SQLException answer = Losses.again(lost);
            transactionOver();
            throw answer;
        }
        if (value) {
            // JDBC: switching to autocommit commits what is open, and so can fail in every way a commit can.
            commit();
        }
        autoCommit = value;
        OpenSession now = session;
        if (!now.socket().aborted() && !now.connection().isClosed()) {
            now.connection().setAutoCommit(value);
        }
    }

    @Override
    public void commit() throws SQLException {
        checkOpen();
        OpenSession now = session;
        if (lost != null) {
            SQLException answer = Losses.again(lost);
            transactionOver();
            throw answer;
        }
        if (!autoCommit && !inTransaction(now)) {
            // Nothing is open, so nothing is sent, and the state of the session does not matter.
            journal.clear();
            state.committed();
            return;
        }
        int steps = journal.steps();
        // A session found dead before COMMIT is sent is a transaction lost for certain; found after, nobody knows.
        if (inTransaction(now)
                && (now.socket().aborted() || now.connection().isClosed() || (rested() && hungUp(now)))) {
            cluster.suspect(now);
            transactionOver();
            throw Losses.lost(now, steps, null);
        }
        boolean failed = now.connection().getTransactionState() == TransactionState.FAILED;
        try {
            now.connection().commit();
            journal.clear();
            if (failed) {
                // PgJDBC says nothing, and the server rolled back.
                state.rolledBack();
            } else {
                state.committed();
            }
        } catch (SQLException e) {
            if (inTransaction(now) && Losses.isLoss(e, now)) {
                broken(now);
                transactionOver();
                throw Losses.commitUnknown(now, steps, e);
            }
            if (!inTransaction(now)) {
                journal.clear();
                state.rolledBack();
            }
            throw e;
        }
    }

    @Override
    public void rollback() throws SQLException {
        checkOpen();
        OpenSession now = session;
        if (lost == null && !now.socket().aborted() && !now.connection().isClosed()) {
            lastUseNanos = System.nanoTime();
            try {
                now.connection().rollback();
            } catch (SQLException e) {
                if (!inTransaction(now) || !Losses.isLoss(e, now)) {
                    throw e;
                }
                // Without a session PostgreSQL has rolled it back by itself.
                broken(now);
            }
        }
        transactionOver();
    }

    @Override
    public void rollback(Savepoint savepoint) throws SQLException {
        try {
            attach().rollback(savepoint);
            state.rolledBackTo(savepoint);
            journal.record(new Step.RollbackToSavepoint());
        } catch (SQLException e) {
            if (lost == null) {
                recover(e, CallKind.FETCH, null);
            }
            throw e;
        }
    }

    @Override
    public void close() throws SQLException {
        if (closed) {
            return;
        }
        closed = true;
        OpenSession now = session;
        if (now.socket().aborted()) {
            cluster.discard(now);
        } else {
            cluster.close(now);
        }
        cluster.release();
    }

    @Override
    public void abort(Executor executor) throws SQLException {
        closed = true;
        cluster.forget(session);
        cluster.release();
    }

    @Override
    public boolean isClosed() {
        return closed;
    }

    @Override
    public boolean detached() throws SQLException {
        OpenSession now = session;
        if (closed || lost != null || inTransaction(now)) {
            return false;
        }
        if (now.socket().aborted() || now.connection().isClosed()) {
            return true;
        }
        boolean gone = rested() && hungUp(now);
        if (gone) {
            // The look counts as a use: the next call would not look again, and find a session that is gone.
            broken(now);
        }
        return gone;
    }

    @Override
    public void requestBoundary() {
        if (lost != null) {
            transactionOver();
        }
    }

    private void checkOpen() throws SQLException {
        if (closed) {
            throw closedException();
        }
    }

    private static SQLException closedException() {
        return new SQLNonTransientConnectionException("this connection has been closed", "08003");
    }
}
