package io.github.pgbaton.internal.routing;

import io.github.pgbaton.internal.probe.Deadline;
import io.github.pgbaton.internal.probe.OpenSession;
import io.github.pgbaton.internal.probe.Standing;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.Executor;
import org.postgresql.jdbc.PgConnection;

/**
 * Asks a member over an open session, always with a deadline of the question's own: a member may freeze between its
 * handshake and its answer. Stateless.
 */
final class Questions {
    /** How long one answer of an open session may take before the session counts as hung. */
    static final Duration ANSWER = Duration.ofSeconds(2);

    private static final Executor DIRECT = Runnable::run;

    private Questions() {}

    /** A question to a member. */
    interface Question<T> {
        T ask(PgConnection connection) throws SQLException;
    }

    static Standing standing(OpenSession session, Deadline deadline) throws SQLException {
        return bounded(session, deadline, Standing::ask);
    }

    static <T> T bounded(OpenSession session, Deadline deadline, Question<T> question) throws SQLException {
        PgConnection connection = session.connection();
        int before = connection.getNetworkTimeout();
        connection.setNetworkTimeout(DIRECT, (int) deadline.left(ANSWER).toMillis());
        try {
            return question.ask(connection);
        } finally {
            // After an ERROR the session may be given away all the same, and no statement of an application ends in
            // two seconds for it. One that broke has no limit to set, and would hide why.
            if (!connection.isClosed()) {
                connection.setNetworkTimeout(DIRECT, before);
            }
        }
    }
}
