package io.github.pgbaton.internal.jdbc;

import io.github.pgbaton.internal.replay.Step;
import io.github.pgbaton.internal.session.LogicalSession;
import io.github.pgbaton.internal.session.LogicalSession.CallKind;
import io.github.pgbaton.internal.sql.Effects;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.jspecify.annotations.Nullable;

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
        session.recover(failure, CallKind.EXECUTE, sql);
    }

    @Override
    Statement sending(String sql) throws SQLException {
        running(Effects.of(sql));
        attach();
        closeSuperseded();
        if (!session.getAutoCommit()) {
            session.journal().record(new Step.Execute(sql));
        }
        return delegate;
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
        if (effects != Effects.NONE) {
            session.ran(effects, this::boundText);
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
            Statement target = sendingBatch();
            try {
                int[] counts = target.executeBatch();
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
            Statement target = sendingBatch();
            try {
                long[] counts = target.executeLargeBatch();
                ran();
                forgetBatch();
                return counts;
            } catch (SQLException failure) {
                recoverBatch(failure);
            }
        }
    }

    private Statement sendingBatch() throws SQLException {
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
        int size = batchSize();
        if (size > 0 && !session.getAutoCommit()) {
            session.journal().record(new Step.ExecuteBatch(batchText(), size));
        }
        return delegate();
    }

    private void recoverBatch(SQLException failure) throws SQLException {
        try {
            session.recover(failure, CallKind.EXECUTE, wholeBatchText());
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

    String batchText() {
        return settings.batchText();
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
            known = raw == null ? null : new BatonResultSet(session, this, raw);
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
            known = raw == null ? null : new BatonResultSet(session, this, raw);
            keys = known;
        }
        return known;
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
        return type.isInstance(this) ? type.cast(this) : attached().unwrap(type);
    }
}
