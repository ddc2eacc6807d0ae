package io.github.pgbaton.internal.session;

import io.github.pgbaton.internal.outcome.Barrier;
import io.github.pgbaton.internal.outcome.Committer;
import io.github.pgbaton.internal.outcome.Told;
import io.github.pgbaton.internal.probe.Deadline;
import io.github.pgbaton.internal.probe.OpenSession;
import io.github.pgbaton.internal.replay.Journal;
import io.github.pgbaton.internal.routing.ClusterRef;
import io.github.pgbaton.internal.sql.Effects;
import io.github.pgbaton.pool.PoolableConnection.Reattachment;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.Savepoint;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Executor;
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
 *   <li>an autocommit statement sent: a query that changes nothing is run again, and a change where it was sent in a
 *       transaction of the driver's own; else 40003, nobody knows.
 * </ul>
 *
 * <p>Used by one thread at a time like any JDBC connection; {@link #current}, {@link #abort} and {@link #isClosed} read
 * volatile fields only.
 */
public final class FollowingSession implements LogicalSession {
    private final HeldSession held;
    private final ClusterRef cluster;
    private final SessionState state;
    private final Journal journal;
    private final Moving moving;
    private final Recovering recovering;
    private final Committing committing;
    private final Wrapping wrapping;
    private final Rereading rereading;
    private final TextEffects texts;
    private final Reattaching reattaching;

    private FollowingSession(ClusterRef cluster, OpenSession session) {
        this.held = new HeldSession(cluster, session);
        this.cluster = cluster;
        this.state = held.state;
        this.journal = held.journal;
        this.moving = new Moving(held);
        this.recovering = new Recovering(held);
        this.committing = new Committing(held, moving);
        this.wrapping = new Wrapping(held, committing);
        this.rereading = new Rereading(held, this::attach);
        this.texts = new TextEffects(held);
        this.reattaching = new Reattaching(held, moving);
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
            OpenSession first = Restoring.initialized(cluster, deadline, () -> false, new Arrivals());
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
        held.use();
        OpenSession now = held.session;
        if (held.closed) {
            throw HeldSession.closedException();
        }
        if (held.lost != null) {
            throw Losses.again(held.lost);
        }
        if (held.wrapped) {
            // Left behind by a call that ended with something else than an SQLException.
            Wrapping.undo(held, now);
        }
        held.noteEnd();
        Patience begun = moving.awaitSwitchover(now, caller);
        if (held.answered) {
            held.brokenAtFirstCall = 0;
        }
        PgConnection fresh = held.gone(now)
                ? moving.replace(now, caller, begun)
                : held.misplaced(now) ? moving.move(now, caller, begun) : null;
        if (fresh != null) {
            if (!held.autoCommit && held.committer == null) {
                // The call that follows may begin a transaction, and its COMMIT may be cut off like any other.
                getReadyToCommit(held.session);
            }
            return fresh;
        }
        held.answered = true;
        held.idleBeforeCall = now.connection().getTransactionState() == TransactionState.IDLE;
        held.rawAutoCommit = now.connection().getAutoCommit();
        if (!held.autoCommit && held.idleBeforeCall) {
            getReadyToCommit(now);
        }
        return now.connection();
    }

    /** Before a transaction begins, its COMMIT is prepared: inside one it would be too late to look for the ledger. */
    private void getReadyToCommit(OpenSession now) throws SQLException {
        Committer known = held.committer;
        try {
            if (known == null) {
                held.committer = Committer.open(cluster, now);
            } else if (!known.protects()) {
                known.refresh();
            }
        } catch (SQLException e) {
            if (!Losses.isLoss(e, now)) {
                throw e;
            }
            // Nothing was begun: the next attach replaces the session.
            held.broken(now);
        }
    }

    @Override
    public boolean cancelWait(Caller caller) {
        return moving.cancelWait(caller);
    }

    /** As a clause for messages. */
    @Override
    public @Nullable String obstacle() {
        return held.obstacle();
    }

    @Override
    public PgConnection current() {
        return held.session.connection();
    }

    @Override
    public long generation() {
        return held.generation;
    }

    @Override
    public void recover(SQLException failure, CallKind kind, @Nullable String sql) throws SQLException {
        recover(failure, kind, sql, Patience.NONE);
    }

    @Override
    public void recover(SQLException failure, CallKind kind, @Nullable String sql, Caller caller) throws SQLException {
        try {
            if (recovering.recover(failure, kind, sql, caller)) {
                rereading.prove(failure, Objects.requireNonNull(sql), caller);
            }
        } catch (SQLException ended) {
            if (held.autoCommit && kind == CallKind.EXECUTE) {
                journal.aloneOver();
            }
            throw ended;
        }
    }

    @Override
    public boolean wraps() {
        return wrapping.enabled();
    }

    @Override
    public boolean wrap(List<String> texts) throws SQLException {
        if (!wrapping.suits(texts)) {
            return false;
        }
        getReadyToCommit(held.session);
        return wrapping.begin();
    }

    @Override
    public void commitWrapped() throws SQLException {
        wrapping.commit();
    }

    @Override
    public SessionAttributes attributes() {
        held.use();
        return held.attributes;
    }

    @Override
    public void readOnly(boolean value) {
        held.use();
        held.readOnly(value);
    }

    @Override
    public SessionState state() {
        held.use();
        return state;
    }

    @Override
    public void running(Effects effects) throws SQLException {
        texts.running(effects);
    }

    @Override
    public void sending(Effects effects) {
        texts.sending(effects);
    }

    @Override
    public void ran(Effects effects, IntFunction<@Nullable String> bound) {
        texts.ran(effects, bound);
    }

    @Override
    public void failed(Effects effects, IntFunction<@Nullable String> bound, boolean apart) {
        texts.failed(effects, bound, apart);
    }

    @Override
    public void acknowledged(@Nullable SQLWarning warning) throws SQLException {
        if (!Barrier.needed(warning)) {
            return;
        }
        OpenSession now = held.session;
        if (held.inTransaction(now)) {
            // Chained to the COMMIT: inside of it nothing waits for what was committed before it.
            held.broken(now);
            throw held.loseUnknown(Losses.commitUnknown(now, journal.steps(), Committing.NOT_REPLICATED, null));
        }
        try {
            Barrier.pass(now.connection(), Deadline.in(cluster.failoverTimeout()));
        } catch (SQLException e) {
            held.broken(now);
            held.over = true;
            held.told = Losses.unreplicated(now, e);
            throw held.told;
        }
    }

    @Override
    public void setInside(Setter again, long bytes) throws SQLException {
        if (held.inTransaction(held.session)) {
            journal.record(new SettingStep(again, bytes));
        }
        state.ran(Effects.NONE, index -> null, held.inTransaction(held.session));
    }

    @Override
    public void learned(Getter again, @Nullable Object answer, long bytes) {
        // Outside a transaction the next question may be answered by another session anyway.
        if (held.inTransaction(held.session)) {
            journal.record(new GettingStep(again, answer, bytes));
        }
    }

    @Override
    public Savepoint setSavepoint(@Nullable String name) throws SQLException {
        for (; ; ) {
            PgConnection target = attach();
            try {
                FollowingSavepoint made = FollowingSavepoint.on(target, name);
                state.savepoint(FollowingSavepoint.key(made));
                journal.record(made.set());
                return made;
            } catch (SQLException failure) {
                recover(failure, CallKind.CATALOG, null);
            }
        }
    }

    @Override
    public @Nullable Told told() {
        Committer known = held.committer;
        return known == null ? null : known.told();
    }

    @Override
    public void lose(String because) throws SQLException {
        throw held.lose(Losses.lost(held.session, journal.steps(), because, null));
    }

    @Override
    public Journal journal() {
        return journal;
    }

    @Override
    public boolean getAutoCommit() throws SQLException {
        held.checkOpen();
        return held.autoCommit;
    }

    @Override
    public void setAutoCommit(boolean value) throws SQLException {
        held.checkOpen();
        if (value == held.autoCommit) {
            return;
        }
        if (held.lost != null) {
            // Begun by SQL text and lost: here it ends, and the application is told once more.
            SQLException answer = Losses.again(held.lost);
            held.transactionOver();
            throw answer;
        }
        if (value) {
            // JDBC: switching to autocommit commits what is open, and so can fail in every way a commit can.
            commit();
        }
        OpenSession now = held.session;
        if (!value && held.inTransaction(now)) {
            // What was run before is not in the journal, and a replay would leave it out.
            journal.deny(HeldSession.BEGUN_BY_TEXT);
        }
        held.autoCommit(value);
        if (!HeldSession.isDead(now)) {
            now.connection().setAutoCommit(value);
        }
    }

    @Override
    public void commit() throws SQLException {
        committing.commit();
    }

    @Override
    public void rollback() throws SQLException {
        held.checkOpen();
        OpenSession now = held.session;
        if (held.lost == null) {
            held.noteEnd();
        }
        if (held.lost == null && !HeldSession.isDead(now)) {
            held.used();
            try {
                now.connection().rollback();
            } catch (SQLException e) {
                if (!held.inTransaction(now) || !Losses.isLoss(e, now)) {
                    throw e;
                }
                // Without a session PostgreSQL has rolled it back by itself.
                held.broken(now);
            }
        }
        held.transactionOver();
    }

    @Override
    public void rollback(Savepoint savepoint) throws SQLException {
        for (; ; ) {
            PgConnection target = attach();
            try {
                target.rollback(FollowingSavepoint.raw(savepoint));
                state.rolledBackTo(FollowingSavepoint.key(savepoint));
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
                state.released(FollowingSavepoint.key(savepoint));
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
        if (held.closed) {
            return;
        }
        held.end();
        OpenSession now = held.session;
        if (now.socket().aborted()) {
            cluster.discard(now);
        } else {
            cluster.close(now);
        }
        cluster.release();
    }

    @Override
    public void abort(Executor executor) throws SQLException {
        held.end();
        cluster.forget(held.session);
        cluster.release();
    }

    @Override
    public boolean isClosed() {
        return held.closed;
    }

    @Override
    public boolean detached() throws SQLException {
        held.use();
        OpenSession now = held.session;
        if (held.closed || held.lost != null || held.inTransaction(now)) {
            return false;
        }
        if (HeldSession.isDead(now)) {
            return true;
        }
        boolean gone = held.gone(now);
        if (gone) {
            // The look counts as a use: the next call would not look again, and find a session that is gone.
            held.broken(now);
        }
        return gone;
    }

    @Override
    public void requestBoundary() {
        held.use();
        held.requestBoundary();
    }

    @Override
    public void use() {
        held.use();
    }

    @Override
    public void leave() {
        held.turn.leave();
    }

    @Override
    public boolean left() {
        return !held.turn.isUsers();
    }

    @Override
    public boolean givenUp() {
        return held.session.socket().aborted();
    }

    @Override
    public boolean replaceable() throws SQLException {
        held.use();
        return held.replaceable();
    }

    @Override
    public boolean movesOn() throws SQLException {
        held.use();
        return held.movesOn();
    }

    @Override
    public Reattachment reattach(Duration timeout) throws SQLException {
        return reattaching.reattach(timeout);
    }
}
