package io.github.pgbaton.internal.jdbc;

import io.github.pgbaton.internal.replay.Journal;
import io.github.pgbaton.internal.session.LogicalSession;
import io.github.pgbaton.internal.session.SessionAttributes;
import io.github.pgbaton.internal.session.SessionState;
import io.github.pgbaton.internal.sql.Effects;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.Savepoint;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/** A session that does what a test says: it moves to a new fake connection when told, and writes down what it is asked. */
final class ScriptedSession implements LogicalSession {
    /** What {@link #recover} was asked. */
    record Asked(
            SQLException failure, CallKind kind, @Nullable String sql) {}

    private enum Decision {
        AGAIN_HERE,
        AGAIN_ON_NEW_SESSION
    }

    private final SessionAttributes attributes = new SessionAttributes();
    private final SessionState state = new SessionState();
    private final Journal journal = Journal.counting();
    private final Deque<Decision> decisions = new ArrayDeque<>();
    private final List<Asked> asked = new ArrayList<>();
    private final List<String> calls = new ArrayList<>();
    private FakeJdbc physical = new FakeJdbc(Connection.class, "c1");
    private long generation = 1;
    private boolean moveOnAttach;
    private boolean autoCommit = true;
    private boolean closed;
    private int attached;

    /** The fake behind the connection of now. */
    FakeJdbc physical() {
        return physical;
    }

    /** The session dies unseen: the next attach gets a new one. */
    void moveOnNextAttach() {
        moveOnAttach = true;
    }

    void move() {
        generation++;
        physical = new FakeJdbc(Connection.class, "c" + generation);
    }

    /** The next failure: run again on a new session. */
    ScriptedSession recoverOnNewSession() {
        decisions.add(Decision.AGAIN_ON_NEW_SESSION);
        return this;
    }

    /** The next failure: run again on the same session. */
    ScriptedSession recoverHere() {
        decisions.add(Decision.AGAIN_HERE);
        return this;
    }

    List<Asked> asked() {
        return asked;
    }

    List<String> calls() {
        return calls;
    }

    int attached() {
        return attached;
    }

    @Override
    public Connection attach() throws SQLException {
        if (closed) {
            throw Refusal.connectionClosed();
        }
        attached++;
        if (moveOnAttach) {
            moveOnAttach = false;
            move();
        }
        return current();
    }

    @Override
    public Connection attach(Caller caller) throws SQLException {
        return attach();
    }

    @Override
    public boolean cancelWait(Caller caller) {
        return false;
    }

    @Override
    public SessionState state() {
        return state;
    }

    @Override
    public void running(Effects effects) {}

    @Override
    public void ran(Effects effects, IntFunction<@Nullable String> bound) {
        state.ran(effects, bound, false);
    }

    @Override
    public void releaseSavepoint(Savepoint savepoint) throws SQLException {
        attach().releaseSavepoint(savepoint);
    }

    @Override
    public void acknowledged(@Nullable SQLWarning warning) {}

    @Override
    public @Nullable String obstacle() {
        return null;
    }

    @Override
    public void setInside(Setter again, long bytes) {
        ran(Effects.NONE, index -> null);
    }

    @Override
    public void learned(Getter again, @Nullable Object answer, long bytes) {}

    @Override
    public Savepoint setSavepoint(@Nullable String name) throws SQLException {
        return name == null ? attach().setSavepoint() : attach().setSavepoint(name);
    }

    @Override
    public Connection current() {
        return physical.as(Connection.class);
    }

    @Override
    public long generation() {
        return generation;
    }

    @Override
    public void recover(SQLException failure, CallKind kind, @Nullable String sql) throws SQLException {
        asked.add(new Asked(failure, kind, sql));
        Decision decision = decisions.poll();
        if (decision == null) {
            throw failure;
        }
        if (decision == Decision.AGAIN_ON_NEW_SESSION) {
            moveOnAttach = true;
        }
    }

    @Override
    public SessionAttributes attributes() {
        return attributes;
    }

    @Override
    public Journal journal() {
        return journal;
    }

    int steps() {
        return journal.steps();
    }

    @Override
    public void setAutoCommit(boolean value) {
        calls.add("setAutoCommit(" + value + ")");
        autoCommit = value;
    }

    @Override
    public boolean getAutoCommit() {
        calls.add("getAutoCommit()");
        return autoCommit;
    }

    @Override
    public void commit() {
        calls.add("commit()");
    }

    @Override
    public void rollback() {
        calls.add("rollback()");
    }

    @Override
    public void rollback(Savepoint savepoint) {
        calls.add("rollback(Savepoint)");
    }

    @Override
    public void close() {
        calls.add("close()");
        closed = true;
    }

    @Override
    public void abort(Executor executor) {
        calls.add("abort(Executor)");
        closed = true;
    }

    @Override
    public boolean isClosed() {
        calls.add("isClosed()");
        return closed;
    }

    @Override
    public boolean detached() {
        return false;
    }

    @Override
    public void requestBoundary() {}
}
