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
import java.util.concurrent.Executor;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/** A session that lives for ever and allocates nothing. */
final class QuietSession implements LogicalSession {
    private final Connection current = new FakeJdbc(Connection.class, "quiet").as(Connection.class);
    private final SessionAttributes attributes = new SessionAttributes();
    private final SessionState state = new SessionState();
    private final Journal journal;
    boolean autoCommit = true;

    QuietSession() {
        this(Journal.counting());
    }

    QuietSession(Journal journal) {
        this.journal = journal;
    }

    @Override
    public Connection attach() {
        return current;
    }

    @Override
    public Connection attach(Caller caller) {
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
    public void setInside(Setter again, long bytes) {}

    @Override
    public void learned(Getter again, @Nullable Object answer, long bytes) {}

    @Override
    public Savepoint setSavepoint(@Nullable String name) throws SQLException {
        return name == null ? attach().setSavepoint() : attach().setSavepoint(name);
    }

    @Override
    public Connection current() {
        return current;
    }

    @Override
    public long generation() {
        return 1;
    }

    @Override
    public void recover(SQLException failure, CallKind kind, @Nullable String sql) throws SQLException {
        throw failure;
    }

    @Override
    public SessionAttributes attributes() {
        return attributes;
    }

    @Override
    public Journal journal() {
        return journal;
    }

    @Override
    public void setAutoCommit(boolean value) {
        autoCommit = value;
    }

    @Override
    public boolean getAutoCommit() {
        return autoCommit;
    }

    @Override
    public void commit() {}

    @Override
    public void rollback() {}

    @Override
    public void rollback(Savepoint savepoint) {}

    @Override
    public void close() {}

    @Override
    public void abort(Executor executor) {}

    @Override
    public boolean isClosed() {
        return false;
    }

    @Override
    public boolean detached() {
        return false;
    }

    @Override
    public void requestBoundary() {}
}
