package io.github.pgbaton.internal.session;

import io.github.pgbaton.internal.outcome.Told;
import io.github.pgbaton.internal.replay.Journal;
import io.github.pgbaton.internal.sql.Effects;
import io.github.pgbaton.pool.PoolableConnection;
import io.github.pgbaton.pool.PoolableConnection.Reattachment;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.Savepoint;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * What the JDBC wrappers need of the session behind one logical connection; the delegate changes only on the thread
 * that calls {@link #attach} or {@link #recover}.
 *
 * <p>Like a JDBC connection it serves one thread at a time, except for {@link #current}, {@link #abort},
 * {@link #isClosed}, which any thread may call, and {@link #reattach}, which another thread may call while it is left.
 */
public interface LogicalSession {

    /** What kind of call met a failure: it decides whether running it again is safe. */
    enum CallKind {
        /** Reads the catalog or a session setting and changes nothing: may always be run again outside a transaction. */
        CATALOG,
        /** Runs an application's SQL. */
        EXECUTE,
        /** Writes a row through an updatable result: can never be run again, and in autocommit may have been applied. */
        UPDATE_ROW,
        /** Fetches more rows of an open result: can never be run again without the statement that made it. */
        FETCH
    }

    /**
     * @return the PgJDBC connection to use for the next call, after re-attaching to the primary where the previous
     *     session died outside a transaction; waits for a primary up to {@code failoverTimeout}
     * @throws SQLException 08003 when closed; 40001 while a lost transaction has not been rolled back; 08001 without a
     *     primary in time
     */
    Connection attach() throws SQLException;

    /**
     * As {@link #attach()}, for a call with a time limit of its own, which another thread may cancel.
     *
     * @param caller whose call it is
     * @return the PgJDBC connection to use for the next call
     * @throws SQLException as {@link #attach()}; 57014 when cancelled, or past the caller's time limit, while there was no
     *     primary
     */
    Connection attach(Caller caller) throws SQLException;

    /**
     * Ends the wait of a call for a primary; from any thread.
     *
     * @param caller that may be waiting
     * @return whether it was
     */
    boolean cancelWait(Caller caller);

    /** One whose calls may wait for a primary. */
    interface Caller {

        /** @return seconds after which a call should end, 0 for no limit of its own */
        int queryTimeoutSeconds();

        /** @param value whether the wait shall end; the session sets it, and takes it back */
        void waitCancelled(boolean value);

        /** @return whether the wait shall end; any thread asks */
        boolean waitCancelled();

        /**
         * @param kind of the call that is under way
         * @return whether that was cancelled, or has met its own time limit: it is not made again
         */
        default boolean gaveUp(CallKind kind) {
            return false;
        }
    }

    /** @return the PgJDBC connection of this moment, alive or not; for calls that touch no network, and any thread */
    Connection current();

    /** @return grows with every new physical session; a statement of an older generation must be made again */
    long generation();

    /**
     * Decides after a guarded call failed. Returns normally when the call may be run again, which then must call
     * {@link #attach} first and make its statement anew where {@link #generation} changed; else throws what the
     * application shall see.
     *
     * @param failure what PgJDBC threw
     * @param kind what was called
     * @param sql the SQL text where the call ran one, for {@link CallKind#EXECUTE}
     * @throws SQLException the failure itself where the session lives on; 40001, 40003, 08007, 08006 else
     */
    void recover(SQLException failure, CallKind kind, @Nullable String sql) throws SQLException;

    /**
     * As {@link #recover(SQLException, CallKind, String)}, for a call with a time limit of its own; a query in autocommit
     * mode may be run again too, once the next session has told that it changed nothing.
     *
     * @param caller whose call it is
     */
    default void recover(SQLException failure, CallKind kind, @Nullable String sql, Caller caller) throws SQLException {
        recover(failure, kind, sql);
    }

    /** @return whether statements in autocommit mode may have to run in a transaction of the driver's own */
    default boolean wraps() {
        return false;
    }

    /**
     * Between {@link #attach} and a statement in autocommit mode: opens a transaction for it that nobody else knows of, where
     * the outcome of its COMMIT can be found out. Sends nothing but the first time, when it asks about the ledger.
     *
     * @param texts one statement each, all sent in one call
     * @return whether it did: then {@link #commitWrapped} follows, or {@link #recover}
     */
    default boolean wrap(List<String> texts) throws SQLException {
        return false;
    }

    /**
     * Commits what {@link #wrap} began.
     *
     * @throws SQLException what refused it; 40003 where nobody knows; and one that {@link #recover} makes of a COMMIT which
     *     certainly took no effect: the statement is to be run again
     */
    default void commitWrapped() throws SQLException {}

    /** @param value that PgJDBC took for read-only, or will take from the next session on */
    default void readOnly(boolean value) {
        attributes().readOnly(value);
    }

    /** @return settings to give to each new session; setters of the connection wrapper write them after the delegate took them */
    SessionAttributes attributes();

    /** @return what SQL text made of the session */
    SessionState state();

    /**
     * Statements that do more than read and write rows are about to be run: one that ends a lost transaction ends it here.
     *
     * @param effects of their text
     * @throws SQLException 40001 or 08007 where they would commit a lost transaction, 25P02 where they would commit a failed
     *     one; it is over then
     */
    void running(Effects effects) throws SQLException;

    /**
     * The same, on the session that was attached for them and as the last thing before they are sent: what speaks against
     * running them again counts even where they fail.
     *
     * @param effects of their text
     */
    default void sending(Effects effects) {}

    /**
     * Statements that do more than read and write rows were run.
     *
     * @param effects of their text
     * @param bound gives the value of a parameter, from 1, null where it is not known
     * @throws SQLException 08003 when closed
     */
    void ran(Effects effects, IntFunction<@Nullable String> bound) throws SQLException;

    /**
     * Statements that do more than read and write rows were run, and the application is told that they failed.
     *
     * @param effects of their text
     * @param bound as for {@link #ran}
     * @param apart whether its statements may have been sent one by one, so that some of them may have been committed
     */
    default void failed(Effects effects, IntFunction<@Nullable String> bound, boolean apart) {}

    /**
     * @return a point to go back to
     * @param name null for an unnamed one
     */
    Savepoint setSavepoint(@Nullable String name) throws SQLException;

    /**
     * A statement succeeded that may have committed by itself: one in autocommit mode, or COMMIT as SQL text.
     *
     * @param warning the first that came with it, null for none
     * @throws SQLException 40003 where it was committed without the synchronous standby, and waiting for that failed
     */
    void acknowledged(@Nullable SQLWarning warning) throws SQLException;

    /** @param savepoint that is no longer needed */
    void releaseSavepoint(Savepoint savepoint) throws SQLException;

    /**
     * A setter of the connection ran SQL, and succeeded.
     *
     * @param again does it on another connection
     * @param bytes that {@code again} keeps alive
     * @throws SQLException 08003 when closed
     */
    void setInside(Setter again, long bytes) throws SQLException;

    /** A setter of PgJDBC's connection that runs SQL. */
    interface Setter {
        void set(Connection connection) throws SQLException;
    }

    /**
     * A getter of the connection asked the server, and was answered: what the application learned there is part of what a
     * replay of its transaction has to come to again.
     *
     * @param again asks another connection
     * @param answer it got
     * @param bytes that {@code again} keeps alive
     */
    void learned(Getter again, @Nullable Object answer, long bytes);

    /** A getter of PgJDBC's connection that runs SQL. */
    interface Getter {
        @Nullable
        Object get(Connection connection) throws SQLException;
    }

    /** @return that the session was told something just now; null where nobody could prove later what it was */
    default @Nullable Told told() {
        return null;
    }

    /**
     * The transaction in progress cannot go on as if nothing had happened.
     *
     * @param because a clause
     * @throws SQLException 40001
     */
    default void lose(String because) throws SQLException {}

    /** @return the steps of the transaction in progress */
    Journal journal();

    /** @return why the transaction in progress could not be replayed, as a clause; null where it could */
    @Nullable
    String obstacle();

    void setAutoCommit(boolean autoCommit) throws SQLException;

    boolean getAutoCommit() throws SQLException;

    void commit() throws SQLException;

    void rollback() throws SQLException;

    void rollback(Savepoint savepoint) throws SQLException;

    /**
     * @return whether the session is known to be gone and no transaction was in progress: what is set now can wait for
     *     the session that the next call brings
     */
    boolean detached() throws SQLException;

    /** A pool hands the connection to the next borrower: what is lost was the last one's, who has been told. */
    void requestBoundary();

    // Of a connection that a pool keeps.

    /** The thread that uses the connection has given it back: until its next call, another one may {@link #reattach}. */
    default void leave() {}

    /** @return whether it was left, and not used since */
    default boolean left() {
        return false;
    }

    /** Each call of whoever uses the connection begins so, those apart that any thread may make; waits out a move. */
    default void use() {}

    /** @return whether the session is given up: its socket may answer for a moment still, and the next call replaces it */
    default boolean givenUp() {
        return false;
    }

    /**
     * @return whether the session is gone, and the next call replaces it without anybody noticing; looks at the socket, and
     *     sends nothing
     */
    default boolean replaceable() throws SQLException {
        return false;
    }

    /**
     * @return whether the next call moves it to another member without anybody noticing, however its own one answers; sends
     *     nothing
     */
    default boolean movesOn() throws SQLException {
        return false;
    }

    /**
     * As {@link PoolableConnection#reattach}; from any thread.
     *
     * @param timeout for a session
     * @return what became of it
     */
    default Reattachment reattach(Duration timeout) throws SQLException {
        return Reattachment.NOT_NEEDED;
    }

    void close() throws SQLException;

    void abort(Executor executor) throws SQLException;

    boolean isClosed() throws SQLException;
}
