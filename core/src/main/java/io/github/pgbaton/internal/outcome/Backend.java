package io.github.pgbaton.internal.outcome;

import io.github.pgbaton.internal.probe.Deadline;
import io.github.pgbaton.topology.HostPort;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.postgresql.jdbc.PgConnection;

/**
 * The server's side of one session, which may live on when the client's side is gone, with its locks; named so that no
 * other backend is ever ended in its place.
 *
 * @param member that was dialled
 * @param pid of it
 * @param start of it, in microseconds since 1970 by the server's clock
 */
public record Backend(HostPort member, int pid, long start) {
    /** One that is told to end does so at once, unless it gets no CPU; nobody waits for longer than this. */
    private static final Duration LONGEST_END = Duration.ofSeconds(5);

    private static final Duration LOOK = Duration.ofMillis(10);

    /** A pid alone may be another client's by now; with the time of its start it is the one or none. */
    private String itself() {
        return " FROM pg_catalog.pg_stat_get_activity(" + pid
                + ") WHERE (extract(epoch FROM backend_start) * 1000000)::bigint = " + start;
    }

    /**
     * Has it ended, where it is a backend of this session's member; does not wait until it is gone.
     *
     * @param session on which this may be asked, outside a transaction and in autocommit mode
     * @throws SQLException where that is not allowed, or the session broke
     */
    void end(PgConnection session) throws SQLException {
        try (Statement statement = session.createStatement()) {
            statement.setQueryTimeout(0);
            statement.execute("SELECT pg_catalog.pg_terminate_backend(pid)" + itself());
        }
    }

    /**
     * Has it ended and waits until it is gone with its locks, five seconds at the longest: what tries for a lock without
     * waiting, or skips what is locked, would find the ghost of its own transaction there.
     *
     * @param session outside a transaction; it is so afterwards, in the mode in which it was
     * @param deadline for the answers
     * @throws SQLException as a session says it that broke; one that may not end it is none
     */
    public void awaitEnd(PgConnection session, Deadline deadline) throws SQLException {
        Deadline gone = Deadline.in(deadline.left(LONGEST_END));
        try (Calm calm = new Calm(session, deadline)) {
            try {
                end(session);
            } catch (SQLException e) {
                if (session.isClosed()) {
                    throw e;
                }
                // Not allowed: whoever needs its locks waits for it.
                return;
            }
            while (lives(session) && !gone.passed()) {
                TimeUnit.MILLISECONDS.sleep(LOOK.toMillis());
            }
        } catch (InterruptedException e) {
            // Whoever goes on from here looks at it.
            Thread.currentThread().interrupt();
        }
    }

    private boolean lives(PgConnection session) throws SQLException {
        try (Statement statement = session.createStatement()) {
            statement.setQueryTimeout(0);
            try (ResultSet row = statement.executeQuery("SELECT 1" + itself())) {
                return row.next();
            }
        }
    }
}
