package io.github.pgbaton.internal.outcome;

import io.github.pgbaton.internal.probe.Deadline;
import io.github.pgbaton.internal.probe.OpenSession;
import io.github.pgbaton.topology.HostPort;
import java.sql.SQLException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A session that does nothing but live: as long as its backend answers, its PostgreSQL has not crashed since it was
 * opened, and so has given no transaction id twice.
 *
 * <p>The time of the postmaster's start does not tell: it stays as it is when a crash of one backend has all others ended
 * and the WAL replayed. Whoever answers must be the very backend, because a pooler in between outlives it.
 *
 * <p>Thread-safe; one thread at a time asks it.
 */
public final class Witness {
    private final OpenSession session;
    private final XidStatus identity;
    private final ReentrantLock asking = new ReentrantLock();

    private Witness(OpenSession session, XidStatus identity) {
        this.session = session;
        this.identity = identity;
    }

    /** @param session the witness's from now on */
    static Witness on(OpenSession session, Deadline deadline) throws SQLException {
        try (Calm calm = new Calm(session.connection(), deadline)) {
            try (var statement = session.connection().createStatement()) {
                // PostgreSQL 14 and newer end idle sessions where that is asked for.
                statement.execute("SELECT set_config(name, '0', false) FROM pg_settings"
                        + " WHERE name = 'idle_session_timeout'");
            }
            return new Witness(session, XidStatus.ask(session.connection(), null));
        }
    }

    HostPort address() {
        return session.address();
    }

    OpenSession session() {
        return session;
    }

    /** Whether it is not known to be gone; what it is worth, {@link #ask} tells. */
    boolean mayLive() {
        try {
            return !session.socket().aborted() && !session.connection().isClosed();
        } catch (SQLException e) {
            return false;
        }
    }

    /** Uses the witness for a while. */
    interface Question<T> {
        @Nullable
        T ask(OpenSession session) throws SQLException;
    }

    /**
     * @param question to be asked while nobody else asks
     * @return its answer; null where others asked until the deadline
     * @throws SQLException PgJDBC's
     */
    <T> @Nullable T with(Deadline deadline, Question<T> question) throws SQLException {
        try {
            if (!asking.tryLock(Math.max(deadline.leftNanos(), 0), TimeUnit.NANOSECONDS)) {
                return null;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return null;
        }
        try {
            return question.ask(session);
        } finally {
            asking.unlock();
        }
    }

    /** @return whether it is the backend that was there from the beginning who says so */
    boolean said(XidStatus status) {
        return status.pid() == identity.pid() && status.backendStart() == identity.backendStart();
    }
}
