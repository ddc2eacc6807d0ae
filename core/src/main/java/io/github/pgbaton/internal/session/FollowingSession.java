package io.github.pgbaton.internal.session;

import io.github.pgbaton.config.BatonConfig;
import io.github.pgbaton.internal.outcome.Backend;
import io.github.pgbaton.internal.outcome.Barrier;
import io.github.pgbaton.internal.outcome.CommitResult;
import io.github.pgbaton.internal.outcome.Committer;
import io.github.pgbaton.internal.outcome.Resolution;
import io.github.pgbaton.internal.outcome.Resolver;
import io.github.pgbaton.internal.probe.Deadline;
import io.github.pgbaton.internal.probe.OpenSession;
import io.github.pgbaton.internal.replay.Journal;
import io.github.pgbaton.internal.replay.ReplayMismatchException;
import io.github.pgbaton.internal.replay.TransactionControl;
import io.github.pgbaton.internal.routing.ClusterRef;
import io.github.pgbaton.internal.socket.RawSocket;
import io.github.pgbaton.internal.sql.Effect;
import io.github.pgbaton.internal.sql.Effects;
import io.github.pgbaton.pool.PoolableConnection.Reattachment;
import io.github.pgbaton.replay.ProtectionReport.Reason;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.sql.SQLWarning;
import java.sql.Savepoint;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;
import org.postgresql.core.TransactionState;
import org.postgresql.jdbc.PgConnection;

/**
 * A session that follows the primary, or whatever its target is: it is replaced only outside a transaction, so that no two
 * statements of one transaction ever run on different sessions.
 *
 * <p>When the session breaks, what PostgreSQL last said of the transaction (PgJDBC keeps it) decides:
 *
 * <ul>
 *   <li>no transaction open: nothing can be lost; the next call gets a session on the primary;
 *   <li>inside one: it is certainly not committed, because its COMMIT was not sent, so it is replayed on the new primary
 *       and goes on there. Where it cannot be, the application is told once with 40001, and until it rolls back (or
 *       commits, which fails the same way) every further statement gets the same answer: the second half of a transaction
 *       must not run by itself on the new primary;
 *   <li>COMMIT sent: the ledger tells, and the transaction is committed, or replayed and committed; without a ledger 08007;
 *   <li>an autocommit statement sent: 40003, nobody knows.
 * </ul>
 *
 * <p>Used by one thread at a time like any JDBC connection; {@link #current}, {@link #abort} and {@link #isClosed} read
 * volatile fields only.
 */
public final class FollowingSession implements LogicalSession {
    /** How long a session may lie idle before the next call first looks whether the server hung up meanwhile. */
    private static final long IDLE_NANOS = TimeUnit.MILLISECONDS.toNanos(250);

    /** A transaction whose sessions break this many times is not one that is interrupted by failovers. */
    private static final int MOST_REPLAYS = 10;

    /** A session that breaks at its first call, this many times in a row, is not a failover. */
    private static final int MOST_BROKEN_AT_FIRST_CALL = 10;

    private static final String BEGUN_BY_TEXT = "it was begun by SQL text in autocommit mode";

    private final ClusterRef cluster;
    private final SessionAttributes attributes = new SessionAttributes();
    private final SessionState state = new SessionState();
    private final Journal journal;
    /** Whoever waits for a primary now; only it can be told to stop. */
    private volatile @Nullable Caller waiting;

    private final Turn turn = new Turn();

    private volatile OpenSession session;
    private volatile boolean closed;
    private boolean autoCommit = true;
    private long generation;
    private long lastUseNanos = System.nanoTime();
    private @Nullable SQLException lost;
    /** Of the session of now, from its first transaction on. */
    private @Nullable Committer committer;

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
        BatonConfig config = cluster.config();
        this.journal = new Journal(config.replay(), config.journalLimit(), config.replayDeny());
    }

    /**
     * Opens a session where its target allows it.
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
        use();
        OpenSession now = session;
        if (closed) {
            throw closedException();
        }
        if (lost != null) {
            throw Losses.again(lost);
        }
        if (cluster.holds(now) && !inTransaction(now)) {
            awaitSwitchover(caller);
        }
        if (answered) {
            brokenAtFirstCall = 0;
        }
        if (now.socket().aborted() || now.connection().isClosed() || (rested() && hungUp(now))) {
            PgConnection fresh = replace(now, caller);
            if (!autoCommit && committer == null) {
                // The call that follows may begin a transaction, and its COMMIT may be cut off like any other.
                getReadyToCommit(session);
            }
            return fresh;
        }
        if (misplaced(now)) {
            return move(now, caller);
        }
        answered = true;
        idleBeforeCall = now.connection().getTransactionState() == TransactionState.IDLE;
        rawAutoCommit = now.connection().getAutoCommit();
        if (!autoCommit && idleBeforeCall) {
            getReadyToCommit(now);
        }
        return now.connection();
    }

    /** Whether another member is to have the session: never inside a transaction, and not for one with the primary's target. */
    private boolean misplaced(OpenSession now) {
        return switch (cluster.placed(now)) {
            case WELL -> false;
            case ELSEWHERE_BETTER -> !inTransaction(now) && state.held().isEmpty();
            case PROMOTED -> !inTransaction(now);
        };
    }

    /** Before a transaction begins, its COMMIT is prepared: inside one it would be too late to look for the ledger. */
    private void getReadyToCommit(OpenSession now) throws SQLException {
        Committer known = committer;
        try {
            if (known == null) {
                committer = Committer.open(cluster, now);
            } else if (!known.protects()) {
                known.refresh();
            }
        } catch (SQLException e) {
            if (!Losses.isLoss(e, now)) {
                throw e;
            }
            // Nothing was begun: the next attach replaces the session.
            broken(now);
        }
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
            return replay(dead, caller);
        }
        cluster.discard(dead);
        return succeed(dead, caller, () -> {});
    }

    /** A session that is good leaves a member that is not what it should be. */
    private PgConnection move(OpenSession old, Caller caller) throws SQLException {
        return succeed(old, caller, () -> cluster.close(old));
    }

    /** @param farewell to the old session, once there is a new one */
    private PgConnection succeed(OpenSession dead, Caller caller, Runnable farewell) throws SQLException {
        Patience patience = new Patience(caller, cluster);
        Restoring restoring = new Restoring(attributes, state, autoCommit);
        if (brokenAtFirstCall > 0) {
            restoring.ghost(backend());
        }
        OpenSession fresh;
        waiting = caller;
        try {
            fresh = restoring.open(cluster, patience.deadline(), caller::waitCancelled);
        } catch (SQLException e) {
            throw closed ? e : patience.explain(e);
        } finally {
            waiting = null;
        }
        farewell.run();
        moveTo(fresh, dead, patience.elapsed());
        restoring.tellLost(dead, fresh);
        patience.check();
        return fresh.connection();
    }

    private void moveTo(OpenSession fresh, OpenSession dead, Duration waited) throws SQLException {
        generation++;
        committer = null;
        over = false;
        answered = true;
        idleBeforeCall = fresh.connection().getTransactionState() == TransactionState.IDLE;
        rawAutoCommit = autoCommit;
        session = fresh;
        lastUseNanos = System.nanoTime();
        if (closed) {
            // abort() came while the session was being replaced and saw only the old one.
            cluster.discard(fresh);
            throw closedException();
        }
        cluster.moved(dead.address(), fresh.address(), waited, state.channels());
    }

    /** The transaction of a dead session goes on where it was, or is over. */
    private PgConnection replay(OpenSession dead, Caller caller) throws SQLException {
        String obstacle = obstacle();
        if (obstacle == null && journal.replaying() > MOST_REPLAYS) {
            obstacle = "its session broke " + MOST_REPLAYS + " times; it looks as if one of its calls ends the session";
        }
        if (obstacle != null) {
            throw lose(Losses.lost(dead, journal.steps(), obstacle, null));
        }
        Patience patience = new Patience(caller, cluster);
        Restoring restoring = new Restoring(attributes, state, autoCommit);
        restoring.ghost(backend());
        Replaying.Replayed fresh;
        waiting = caller;
        try {
            fresh = new Replaying(cluster, restoring, journal, dead.onReplica())
                    .open(patience.deadline(), caller::waitCancelled);
        } catch (ReplayMismatchException e) {
            throw lose(
                    Losses.lost(dead, journal.steps(), "running it again came out differently: " + e.getMessage(), e));
        } catch (SQLException e) {
            SQLException answer = Losses.noPrimary(dead, journal.steps(), e);
            lose(answer);
            throw closed ? e : caller.waitCancelled() ? patience.explain(e) : answer;
        } finally {
            waiting = null;
        }
        cluster.discard(dead);
        moveTo(fresh.session(), dead, patience.elapsed());
        committer = fresh.committer();
        journal.adopt(generation);
        cluster.protection().replayed();
        return fresh.session().connection();
    }

    private @Nullable Backend backend() {
        Committer known = committer;
        return known == null ? null : known.backend();
    }

    /** Why the open transaction cannot be replayed, null where it can. */
    private @Nullable Reason reason() {
        if ((autoCommit || rawAutoCommit) && inTransaction(session)) {
            return new Reason(BEGUN_BY_TEXT, null);
        }
        Reason known = journal.obstacle();
        if (known != null) {
            return known;
        }
        List<String> held = state.held();
        return held.isEmpty() ? null : new Reason("the session held " + String.join(", ", held), null);
    }

    /** As a clause for messages. */
    @Override
    public @Nullable String obstacle() {
        Reason reason = reason();
        return reason == null ? null : reason.construct();
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
            if (kind == CallKind.EXECUTE && TransactionControl.possible(sql)) {
                throw lose(Losses.commitUnknown(now, journal.steps(), null, failure));
            }
            String obstacle = kind == CallKind.UPDATE_ROW
                    ? "it writes through an updatable result"
                    : Losses.isTimeout(failure)
                            ? "the call that was interrupted ended at a time-out of the application's own"
                            : obstacle();
            if (obstacle != null) {
                throw lose(Losses.lost(now, journal.steps(), obstacle, failure));
            }
            // The next attach replays it.
            return;
        }
        if (kind == CallKind.FETCH) {
            throw failure;
        }
        boolean alone = autoCommit || rawAutoCommit;
        if (kind == CallKind.UPDATE_ROW && !alone) {
            throw lose(Losses.lost(now, journal.steps(), null, failure));
        }
        if (kind != CallKind.CATALOG && alone) {
            over = true;
            throw Losses.statementUnknown(now, failure);
        }
        if (kind == CallKind.EXECUTE && TransactionControl.possible(sql)) {
            throw lose(Losses.commitUnknown(now, journal.steps(), null, failure));
        }
        if (Losses.isTimeout(failure)) {
            // The server is still at it, with its locks: a second one would wait for the first.
            over = true;
            throw autoCommit ? failure : lose(Losses.lost(now, journal.steps(), null, failure));
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
        cluster.protection().lost();
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
        use();
        return attributes;
    }

    @Override
    public SessionState state() {
        use();
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
            return;
        }
        List<Effect> all = effects.all();
        boolean ends = all.stream().anyMatch(FollowingSession::endsTransaction);
        boolean begins = all.stream().anyMatch(Effect.Begin.class::isInstance);
        if (ends || begins || all.stream().anyMatch(Effect.Writable.class::isInstance)) {
            // A BEGIN inside a transaction begins nothing, but what it says of the mode counts.
            journal.writable();
        }
        if (ends) {
            journal.deny("it holds a COMMIT or ROLLBACK in SQL text");
        } else if (begins) {
            journal.deny(autoCommit ? BEGUN_BY_TEXT : "it holds a BEGIN in SQL text");
        }
    }

    private static boolean endsTransaction(Effect effect) {
        return effect instanceof Effect.Commit || effect instanceof Effect.Rollback;
    }

    @Override
    public void acknowledged(@Nullable SQLWarning warning) throws SQLException {
        if (!Barrier.needed(warning)) {
            return;
        }
        OpenSession now = session;
        try {
            Barrier.pass(now.connection(), Deadline.in(cluster.failoverTimeout()));
        } catch (SQLException e) {
            broken(now);
            over = true;
            throw Losses.unreplicated(now, e);
        }
    }

    @Override
    public void setInside(Setter again) throws SQLException {
        if (inTransaction(session)) {
            journal.record(new SettingStep(again));
        }
        ran(Effects.NONE, index -> null);
    }

    @Override
    public Savepoint setSavepoint(@Nullable String name) throws SQLException {
        for (; ; ) {
            PgConnection target = attach();
            try {
                FollowingSavepoint made = FollowingSavepoint.on(target, name);
                state.savepoint(made);
                journal.record(made.set());
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
        OpenSession now = session;
        if (!value && inTransaction(now)) {
            // What was run before is not in the journal, and a replay would leave it out.
            journal.deny(BEGUN_BY_TEXT);
        }
        autoCommit = value;
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
        // A session found dead before COMMIT is sent is a transaction lost for certain, and replayed; found after, the
        // ledger tells.
        boolean gone = inTransaction(now)
                && (now.socket().aborted() || now.connection().isClosed() || (rested() && hungUp(now)));
        while (true) {
            if (gone) {
                now = replayed(now);
            }
            Committer ready = committer;
            if (ready == null || autoCommit) {
                commitPlainly(now);
                return;
            }
            CommitResult result = ready.commit(readOnly(now));
            if (result instanceof CommitResult.Committed) {
                count(ready);
                journal.clear();
                state.committed();
                return;
            }
            if (result instanceof CommitResult.Refused refused) {
                journal.clear();
                state.rolledBack();
                throw refused.failure();
            }
            broken(now);
            if (result instanceof CommitResult.InDoubt inDoubt && tookEffect(now, inDoubt)) {
                return;
            }
            gone = true;
        }
    }

    /**
     * Whether the transaction has changed nothing, for certain. What the application asked for is not enough: PgJDBC does
     * not tell the server with {@code readOnlyMode=ignore}, and SQL text can make the transaction one that writes.
     */
    private boolean readOnly(OpenSession now) {
        if (now.onReplica() && !journal.mayWrite() && begunInRecovery(now)) {
            return true;
        }
        return Boolean.TRUE.equals(attributes.readOnly()) && now.connection().hintReadOnly() && !journal.mayWrite();
    }

    /**
     * A transaction that was begun on a standby never writes, whatever its member has become since. One that was begun just
     * after the promotion, of which only its first answer told, does.
     */
    private static boolean begunInRecovery(OpenSession now) {
        PgConnection connection = now.connection();
        if ("on".equals(connection.getParameterStatus("in_hot_standby"))) {
            return true;
        }
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SHOW transaction_read_only")) {
            return row.next() && "on".equals(row.getString(1));
        } catch (SQLException e) {
            // Failed or broken: the COMMIT tells.
            return false;
        }
    }

    private void count(Committer ready) {
        Reason reason = journal.steps() == 0 ? null : reason();
        if (reason == null) {
            String unprotected = ready.unprotected();
            reason = unprotected == null ? null : new Reason(unprotected, null);
        }
        if (reason == null) {
            cluster.protection().committedProtected();
        } else {
            cluster.protection().committedUnprotected(reason);
        }
    }

    /** The session on which the transaction of a dead one was replayed; without one, the transaction is over. */
    private OpenSession replayed(OpenSession dead) throws SQLException {
        broken(dead);
        try {
            replay(dead, Patience.NONE);
            return session;
        } catch (SQLException e) {
            transactionOver();
            throw e;
        }
    }

    /** Whether a COMMIT in doubt took effect; false where it certainly never will, and the transaction can be replayed. */
    private boolean tookEffect(OpenSession dead, CommitResult.InDoubt inDoubt) throws SQLException {
        if (inDoubt.doubt().readOnly()) {
            // It changed nothing; whether what it read was consistent, a replay tells.
            return false;
        }
        int steps = journal.steps();
        Resolution resolution =
                Resolver.resolve(cluster, inDoubt.doubt(), Deadline.in(cluster.failoverTimeout()), () -> closed);
        OpenSession asked = resolution.session();
        if (asked != null) {
            cluster.close(asked);
        }
        if (resolution instanceof Resolution.Committed) {
            // Kept before the end of the transaction forgets it.
            state.committed();
            transactionOver();
            return true;
        }
        if (resolution instanceof Resolution.Unknown unknown) {
            transactionOver();
            throw Losses.commitUnknown(dead, steps, unknown.reason(), inDoubt.failure());
        }
        String obstacle = obstacle();
        if (obstacle != null) {
            transactionOver();
            throw Losses.commitAborted(dead, steps, obstacle, inDoubt.failure());
        }
        return false;
    }

    /** Of a transaction that SQL text began in autocommit mode. */
    private void commitPlainly(OpenSession now) throws SQLException {
        int steps = journal.steps();
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
                throw Losses.commitUnknown(now, steps, null, e);
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
        for (; ; ) {
            PgConnection target = attach();
            try {
                target.rollback(FollowingSavepoint.raw(savepoint));
                state.rolledBackTo(savepoint);
                if (savepoint instanceof FollowingSavepoint ours) {
                    journal.record(ours.rolledBackTo());
                }
                return;
            } catch (SQLException failure) {
                recover(failure, CallKind.FETCH, null);
            }
        }
    }

    @Override
    public void releaseSavepoint(Savepoint savepoint) throws SQLException {
        for (; ; ) {
            PgConnection target = attach();
            try {
                target.releaseSavepoint(FollowingSavepoint.raw(savepoint));
                if (savepoint instanceof FollowingSavepoint ours) {
                    journal.record(ours.released());
                }
                return;
            } catch (SQLException failure) {
                recover(failure, CallKind.FETCH, null);
            }
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
        use();
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
        use();
        if (lost != null) {
            transactionOver();
        }
    }

    @Override
    public void use() {
        if (!turn.isUsers()) {
            turn.takeBack();
            if (turn.awaited()) {
                // Whoever opens a session for this connection need not wait any longer.
                cluster.wake();
            }
        }
    }

    @Override
    public void leave() {
        turn.leave();
    }

    @Override
    public boolean left() {
        return !turn.isUsers();
    }

    @Override
    public boolean replaceable() throws SQLException {
        use();
        OpenSession now = session;
        return !closed && nothingToLose(now) && gone(now);
    }

    /** Whether another session can take the place of this one without anybody noticing. */
    private boolean nothingToLose(OpenSession now) {
        return lost == null && !inTransaction(now) && state.held().isEmpty();
    }

    private boolean gone(OpenSession idle) throws SQLException {
        return idle.socket().aborted() || idle.connection().isClosed() || hungUp(idle);
    }

    @Override
    public Reattachment reattach(Duration timeout) throws SQLException {
        OpenSession dead = session;
        if (!turn.borrow()) {
            return Reattachment.IN_USE;
        }
        try {
            if (closed || !gone(dead)) {
                return Reattachment.NOT_NEEDED;
            }
            if (dead != session || !nothingToLose(dead)) {
                return Reattachment.LEFT;
            }
            broken(dead);
        } finally {
            turn.giveBack();
        }
        // The long part, in which nobody who wants to use the connection is kept from it.
        Deadline deadline = Deadline.in(timeout);
        OpenSession fresh;
        turn.awaited(true);
        try {
            fresh = Restoring.initialized(cluster, deadline, turn::isUsers);
        } catch (SQLException e) {
            if (closed) {
                return Reattachment.NOT_NEEDED;
            }
            if (turn.isUsers()) {
                return Reattachment.IN_USE;
            }
            throw e;
        } finally {
            turn.awaited(false);
        }
        if (!turn.borrow()) {
            cluster.close(fresh);
            return Reattachment.IN_USE;
        }
        try {
            return dead == session && nothingToLose(dead) && !closed ? give(fresh, dead) : unwanted(fresh);
        } finally {
            turn.giveBack();
        }
    }

    private Reattachment give(OpenSession fresh, OpenSession dead) throws SQLException {
        Restoring restoring = new Restoring(attributes, state, autoCommit);
        // Whoever wants to use the connection waits for this.
        try (ClusterRef.Limit limit =
                cluster.limit(fresh, Deadline.in(cluster.config().handshakeTimeout()))) {
            restoring.give(fresh);
            if (restoring.refused() != null || !limit.kept()) {
                return unwanted(fresh);
            }
        } catch (SQLException e) {
            cluster.discard(fresh);
            throw e;
        }
        cluster.discard(dead);
        try {
            moveTo(fresh, dead, Duration.ZERO);
            return Reattachment.MOVED;
        } catch (SQLException e) {
            // Closed or aborted meanwhile, and so is the new session.
            return Reattachment.NOT_NEEDED;
        }
    }

    private Reattachment unwanted(OpenSession fresh) {
        cluster.close(fresh);
        return Reattachment.LEFT;
    }

    private void checkOpen() throws SQLException {
        use();
        if (closed) {
            throw closedException();
        }
    }

    private static SQLException closedException() {
        return new SQLNonTransientConnectionException("this connection has been closed", "08003");
    }
}
