package io.github.pgbaton.internal.jdbc;

import io.github.pgbaton.internal.replay.Counts;
import io.github.pgbaton.internal.replay.Journal;
import io.github.pgbaton.internal.session.LogicalSession;
import io.github.pgbaton.internal.session.LogicalSession.CallKind;
import io.github.pgbaton.internal.sql.Effects;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.Statement;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.PGStatement;

/**
 * A statement that outlives its session; a delegate that {@link #attached} returned belongs to the session of now.
 *
 * <p>When the session has changed, the delegate is made anew as the application asked for it, with its settings and its
 * batch. The old delegate is kept until the next execution, for a result that is being read would be closed with it. A
 * statement is closed when its connection is, whether or not anyone closed it, so that no list of open ones is needed.
 *
 * <p>{@link #unwrap} to {@code PGStatement} hands out PgJDBC's own: what is set there is lost when the session changes.
 *
 * <p>Serves one thread, except for {@link #cancel} and {@link #isClosed}.
 */
class BatonStatement extends ForwardingStatement implements LogicalSession.Caller {
    private static final String QUERY_CANCELED = "57014";

    /** A generation no session has: the next attach makes the statement anew. */
    private static final long NONE = Long.MIN_VALUE;

    final BatonConnection connection;
    final LogicalSession session;
    final StatementRequest request;
    private final StatementSettings settings = new StatementSettings();

    /** Volatile for cancel and isClosed; written only by the thread that uses the statement. */
    private volatile Statement delegate;

    private volatile boolean closed;
    private long generation;
    private Effects effects = Effects.NONE;
    /** Volatile for whoever cancels. */
    private volatile boolean waitCancelled;

    private @Nullable Statement superseded;
    /** The latest execution, where the journal of its transaction has it. */
    private @Nullable RunStep step;
    /** Made by the replay that is under way, on this connection. */
    private @Nullable Statement replaying;

    private @Nullable Connection replayingOn;
    private @Nullable BatonResultSet result;
    private @Nullable BatonResultSet keys;

    /** @param made by the request, on the session of now */
    BatonStatement(BatonConnection connection, StatementRequest request, Statement made) {
        this.connection = connection;
        this.session = connection.session();
        this.request = request;
        this.delegate = made;
        this.generation = session.generation();
    }

    @Override
    Statement delegate() {
        return delegate;
    }

    @Override
    Statement attached() throws SQLException {
        attach();
        return delegate;
    }

    final void attach() throws SQLException {
        if (closed) {
            throw Refusal.statementClosed();
        }
        Connection physical = session.attach(this);
        if (generation != session.generation()) {
            remake(physical);
        }
    }

    private void remake(Connection physical) throws SQLException {
        if (delegate.isClosed()) {
            // By its own completion: to make it again would open it again.
            throw Refusal.statementClosed();
        }
        for (Connection target = physical; ; target = session.attach(this)) {
            Statement made = null;
            try {
                made = request.make(target);
                settings.applyTo(made);
                restore(made);
            } catch (SQLException failure) {
                if (made != null) {
                    closeQuietly(made);
                }
                session.recover(failure, CallKind.CATALOG, null);
                continue;
            }
            closeSuperseded();
            superseded = delegate;
            delegate = made;
            generation = session.generation();
            adopted(made);
            return;
        }
    }

    /** Gives a statement made anew what a subclass remembers. */
    void restore(Statement made) throws SQLException {}

    /** The delegate has changed. */
    void adopted(Statement made) {}

    @Override
    final StatementSettings settings() {
        return settings;
    }

    @Override
    void recover(SQLException failure) throws SQLException {
        session.recover(failure, CallKind.CATALOG, null);
    }

    @Override
    void recover(SQLException failure, String sql) throws SQLException {
        recoverExecution(failure, sql);
    }

    /** Returns when the statement may be run again; an error that the application gets is part of what it has seen. */
    final void recoverExecution(SQLException failure, String text) throws SQLException {
        try {
            session.recover(failure, CallKind.EXECUTE, text);
        } catch (SQLException thrown) {
            failed(failure);
            throw thrown;
        }
    }

    private void failed(SQLException failure) {
        RunStep now = step;
        if (now != null && !now.answered()) {
            now.failed(failure);
            if (QUERY_CANCELED.equals(failure.getSQLState())) {
                session.journal().deny("a statement of it was cancelled or timed out");
            }
        }
    }

    @Override
    Statement sending(String sql, Run run, @Nullable Object keys) throws SQLException {
        running(Effects.of(sql));
        attach();
        closeSuperseded();
        if (keeps(RunStep.bytesOf(sql))) {
            record(new RunStep(this, run, sql, keys, null, List.of(), 0));
        }
        return delegate;
    }

    /** Whether the journal takes a step of that size; it counts one that it does not take. */
    final boolean keeps(long bytes) throws SQLException {
        step = null;
        if (session.getAutoCommit()) {
            return false;
        }
        Journal journal = session.journal();
        if (!journal.recording()) {
            journal.count();
            return false;
        }
        String obstacle = request.obstacle();
        if (obstacle != null) {
            journal.deny(obstacle);
        }
        if (!journal.fits(bytes)) {
            journal.count();
            return false;
        }
        return true;
    }

    final void record(RunStep now) {
        step = now;
        session.journal().record(now);
    }

    /** What the text does beyond rows matters before it is sent, and again once it succeeded. */
    final void running(Effects now) throws SQLException {
        effects = now;
        if (now != Effects.NONE) {
            session.running(now);
        }
    }

    @Override
    final void ran() throws SQLException {
        RunStep now = step;
        if (now != null && !now.answered()) {
            now.answered(delegate());
        }
        if (effects != Effects.NONE) {
            session.ran(effects, this::boundText);
        }
        if (effects != Effects.NONE || session.getAutoCommit()) {
            SQLWarning warning = delegate().getWarnings();
            if (warning != null) {
                session.acknowledged(warning);
            }
        }
    }

    /** The value of a parameter as text, null where there is none or it is not simply text. */
    @Nullable
    String boundText(int index) {
        return null;
    }

    @Override
    public final int queryTimeoutSeconds() {
        return settings.queryTimeout();
    }

    @Override
    public final void waitCancelled(boolean value) {
        waitCancelled = value;
    }

    @Override
    public final boolean waitCancelled() {
        return waitCancelled;
    }

    /** The results of an earlier session end where those of an earlier execution do: at the next one. */
    final void closeSuperseded() {
        Statement old = superseded;
        if (old != null) {
            superseded = null;
            closeQuietly(old);
        }
    }

    @Override
    public final int[] executeBatch() throws SQLException {
        for (; ; ) {
            Statement target = sendingBatch(Run.BATCH);
            try {
                int[] counts = target.executeBatch();
                if (step != null) {
                    step.answeredBatch(Counts.digest(counts));
                }
                ran();
                forgetBatch();
                return counts;
            } catch (SQLException failure) {
                recoverBatch(failure);
            }
        }
    }

    @Override
    public final long[] executeLargeBatch() throws SQLException {
        for (; ; ) {
            Statement target = sendingBatch(Run.LARGE_BATCH);
            try {
                long[] counts = target.executeLargeBatch();
                if (step != null) {
                    step.answeredBatch(Counts.digest(counts));
                }
                ran();
                forgetBatch();
                return counts;
            } catch (SQLException failure) {
                recoverBatch(failure);
            }
        }
    }

    private Statement sendingBatch(Run run) throws SQLException {
        try {
            running(batchEffects());
            attach();
            closeSuperseded();
            checkBatch();
        } catch (SQLException notSent) {
            // As after a batch that failed: whoever adds its rows again must not find the old ones before them.
            forgetBatch();
            generation = NONE;
            throw notSent;
        }
        step = null;
        if (batchSize() > 0 && keeps(batchBytes())) {
            record(batchStep(run));
        }
        return delegate();
    }

    private void recoverBatch(SQLException failure) throws SQLException {
        try {
            recoverExecution(failure, wholeBatchText());
        } catch (SQLException thrown) {
            // As PgJDBC does: a batch that failed is gone.
            forgetBatch();
            throw thrown;
        }
        // PgJDBC emptied the delegate's batch before it sent it: even on the same session, running again takes a new
        // one.
        generation = NONE;
    }

    /** @throws SQLException when the batch could not be made anew */
    void checkBatch() throws SQLException {}

    int batchSize() {
        return settings.batchSize();
    }

    /** The bytes that {@link #batchStep} keeps alive, roughly. */
    long batchBytes() {
        return RunStep.bytesOf(settings.wholeBatchText());
    }

    RunStep batchStep(Run run) {
        return new RunStep(
                this,
                run,
                null,
                null,
                null,
                settings.texts(),
                settings.wholeBatchText().length());
    }

    /** Every text of the batch: any of them may have ended the transaction. */
    String wholeBatchText() {
        return settings.wholeBatchText();
    }

    Effects batchEffects() {
        return settings.batchEffects();
    }

    void forgetBatch() {
        settings.clearBatch();
    }

    @Override
    @Nullable
    ResultSet wrapped(@Nullable ResultSet raw) {
        BatonResultSet known = result;
        if (known == null || !known.wraps(raw)) {
            known = raw == null ? null : new BatonResultSet(session, this, raw, step == null ? null : step.rows());
            result = known;
        }
        return known;
    }

    @Override
    public final @Nullable ResultSet getResultSet() throws SQLException {
        return wrapped(delegate().getResultSet());
    }

    @Override
    public final @Nullable ResultSet getGeneratedKeys() throws SQLException {
        ResultSet raw = delegate().getGeneratedKeys();
        BatonResultSet known = keys;
        if (known == null || !known.wraps(raw)) {
            known = raw == null ? null : new BatonResultSet(session, this, raw, step == null ? null : step.keys());
            keys = known;
        }
        return known;
    }

    @Override
    public final boolean getMoreResults() throws SQLException {
        boolean more = delegate().getMoreResults();
        if (step != null) {
            step.moved(CLOSE_CURRENT_RESULT, delegate());
        }
        return more;
    }

    @Override
    public final boolean getMoreResults(int current) throws SQLException {
        boolean more = delegate().getMoreResults(current);
        if (step != null) {
            if (current == KEEP_CURRENT_RESULT) {
                session.journal().deny("it keeps several results of one statement open");
            }
            step.moved(current, delegate());
        }
        return more;
    }

    // The replay of a transaction.

    /** PgJDBC's statement on a session on which the transaction is replayed; one for all steps of this statement. */
    final Statement replaying(Connection on, StatementSettings as) throws SQLException {
        Statement known = replaying;
        if (known == null || replayingOn != on) {
            abandonReplay();
            known = request.make(on);
            replaying = known;
            replayingOn = on;
        }
        as.applyTo(known);
        return known;
    }

    /** Goes on with what a replay made, where this step is what the application last did with this statement. */
    final void adopt(RunStep replayed, long now) throws SQLException {
        Statement made = replaying;
        if (made == null || step != replayed || closed || delegate.isClosed()) {
            return;
        }
        replaying = null;
        replayingOn = null;
        int threshold = made.getConnection().unwrap(PGConnection.class).getPrepareThreshold();
        made.unwrap(PGStatement.class).setPrepareThreshold(threshold);
        settings.applyTo(made);
        restore(made);
        closeSuperseded();
        Statement old = delegate;
        BatonResultSet shown = result;
        if (shown != null && shown.shows(replayed.rows())) {
            shown.adopt(made.getResultSet(), now);
        }
        BatonResultSet shownKeys = keys;
        if (shownKeys != null && shownKeys.shows(replayed.keys())) {
            shownKeys.adopt(made.getGeneratedKeys(), now);
        }
        delegate = made;
        generation = now;
        adopted(made);
        closeQuietly(old);
    }

    final void abandonReplay() {
        Statement made = replaying;
        if (made != null) {
            replaying = null;
            replayingOn = null;
            closeQuietly(made);
        }
    }

    @Override
    public final Connection getConnection() {
        return connection;
    }

    @Override
    public final void cancel() throws SQLException {
        // While the call waits for a primary nothing of it is on a server, and a cancel there would be forgotten.
        if (!session.cancelWait(this)) {
            delegate.cancel();
        }
    }

    @Override
    public final boolean isClosed() throws SQLException {
        return closed || delegate.isClosed() || session.isClosed();
    }

    @Override
    public final void close() throws SQLException {
        if (closed) {
            return;
        }
        closed = true;
        // The journal knows this statement until its transaction ends: it must not keep the rows with it.
        result = null;
        keys = null;
        closeSuperseded();
        if (generation == session.generation()) {
            delegate.close();
        } else {
            closeQuietly(delegate);
        }
    }

    /** A statement of a session that is gone holds nothing a server would have to give back. */
    private static void closeQuietly(Statement old) {
        try {
            old.close();
        } catch (SQLException ignored) {
            // Nobody is left to hear it.
        }
    }

    @Override
    public final boolean isWrapperFor(Class<?> type) throws SQLException {
        return type.isInstance(this) || delegate.isWrapperFor(type);
    }

    @Override
    public final <T> T unwrap(Class<T> type) throws SQLException {
        if (type.isInstance(this)) {
            return type.cast(this);
        }
        T raw = attached().unwrap(type);
        session.journal().deny("PgJDBC's statement was taken out of it with unwrap");
        session.journal().writable();
        return raw;
    }
}
