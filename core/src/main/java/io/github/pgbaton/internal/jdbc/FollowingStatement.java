package io.github.pgbaton.internal.jdbc;

import io.github.pgbaton.internal.session.LogicalSession;
import io.github.pgbaton.internal.session.LogicalSession.CallKind;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.TimeUnit;
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
abstract class FollowingStatement extends ForwardingStatement implements LogicalSession.Caller {
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
    /** Volatile for whoever cancels. */
    private volatile boolean waitCancelled;

    /** Numbers the calls that run something, each with all of its attempts. */
    private int run;
    /** Whether the attempt that follows is not the first one of its call. */
    private boolean again;
    /** When the call was sent first, of one with a query time-out. */
    private long runNanos;
    /** The number of the last call that was cancelled, which may have ended before. */
    private volatile int cancelledRun;

    private @Nullable Statement superseded;
    /** Made by the replay that is under way, on this connection. */
    private @Nullable Statement replaying;

    private @Nullable Connection replayingOn;

    /** @param made by the request, on the session of now */
    FollowingStatement(BatonConnection connection, StatementRequest request, Statement made) {
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
    public final int queryTimeoutSeconds() {
        return settings.queryTimeout();
    }

    /** Before each attempt of a call that runs something. */
    final void begin() throws SQLException {
        if (again) {
            again = false;
            if (gaveUp(CallKind.EXECUTE)) {
                // Between two attempts nobody waits, and nothing is on a server that could be cancelled.
                if (!session.getAutoCommit()) {
                    session.lose("its call was cancelled meanwhile");
                }
                throw Refusal.cancelled();
            }
            return;
        }
        run++;
        if (settings.queryTimeout() > 0) {
            runNanos = System.nanoTime();
        }
    }

    /** The call is about to be made again. */
    final void again() {
        again = true;
    }

    /**
     * A member that is frozen hears no cancel, neither the application's nor the one PgJDBC sends at the query time-out; what
     * it leaves behind when its session breaks nobody waits for any more.
     */
    @Override
    public final boolean gaveUp(CallKind kind) {
        // The time-out is one for running the statement, and not for the reading of its rows.
        int seconds = kind == CallKind.EXECUTE ? settings.queryTimeout() : 0;
        return cancelledRun == run && run > 0
                || seconds > 0 && System.nanoTime() - runNanos > TimeUnit.SECONDS.toNanos(seconds);
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
        // It is for one call, and this step's call was in time, though a busy new primary may be slower. What limits
        // the
        // replay is the deadline of the call that waits for it.
        known.setQueryTimeout(0);
        return known;
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
            // Before it is sent: a frozen member keeps whoever sends it until the failover is over.
            cancelledRun = run;
            delegate.cancel();
        }
    }

    @Override
    public final boolean isClosed() throws SQLException {
        return closed || delegate.isClosed() || session.isClosed();
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
        // It can be run, and leads to its connection, in any later transaction.
        session.journal().denyForGood("PgJDBC's statement was taken out of it with unwrap");
        return raw;
    }

    /** The next {@link #attach} makes the delegate anew, on whichever session. */
    final void spoil() {
        generation = NONE;
    }

    /** What a replay made for this statement, set up as it; null where there is none, or nobody wants it any more. */
    final @Nullable Statement takeReplayed() throws SQLException {
        Statement made = replaying;
        if (made == null || closed || delegate.isClosed()) {
            return null;
        }
        replaying = null;
        replayingOn = null;
        int threshold = made.getConnection().unwrap(PGConnection.class).getPrepareThreshold();
        made.unwrap(PGStatement.class).setPrepareThreshold(threshold);
        settings.applyTo(made);
        // Even one that nobody set on the statement: the connection may have a default.
        made.setQueryTimeout(delegate.getQueryTimeout());
        restore(made);
        closeSuperseded();
        return made;
    }

    /** Goes on with that, on a session of this generation. */
    final void takeOver(Statement made, long now) {
        Statement old = delegate;
        delegate = made;
        generation = now;
        adopted(made);
        closeQuietly(old);
    }

    @Override
    public final void close() throws SQLException {
        if (closed) {
            return;
        }
        closed = true;
        // The journal knows this statement until its transaction ends: it must not keep the rows with it.
        forgetResults();
        closeSuperseded();
        if (generation == session.generation()) {
            delegate.close();
        } else {
            closeQuietly(delegate);
        }
    }

    /** No result of it is needed any more. */
    abstract void forgetResults();
}
