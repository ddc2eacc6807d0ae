package io.github.pgbaton.internal.session;

import io.github.pgbaton.internal.probe.Deadline;
import io.github.pgbaton.internal.probe.OpenSession;
import io.github.pgbaton.internal.replay.CatalogProof;
import io.github.pgbaton.internal.routing.ClusterRef;
import io.github.pgbaton.internal.session.LogicalSession.Caller;
import io.github.pgbaton.internal.sql.Alone;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;
import org.postgresql.jdbc.PgConnection;

/**
 * Lets a query that was cut off in autocommit mode be run again: it returns only on a session whose catalog shows that
 * the query cannot have changed anything.
 */
final class Rereading {

    /** Gives the session of now, or the next one. */
    interface Attaching {
        PgConnection attach(Caller caller) throws SQLException;
    }

    private final HeldSession held;
    private final ClusterRef cluster;
    private final Attaching attaching;

    Rereading(HeldSession held, Attaching attaching) {
        this.held = held;
        this.cluster = held.cluster;
        this.attaching = attaching;
    }

    /**
     * @param failure of the query
     * @param sql its text
     * @param caller whose call it is
     * @throws SQLException 40003 where it may have changed something, or nobody was there to tell
     */
    void prove(SQLException failure, String sql, Caller caller) throws SQLException {
        OpenSession dead = held.session;
        Deadline deadline = Deadline.in(cluster.failoverTimeout());
        Alone query = Alone.of(sql);
        String obstacle;
        while (true) {
            OpenSession asked = null;
            try {
                attaching.attach(caller);
                asked = held.session;
                obstacle = ask(asked, query);
                break;
            } catch (SQLException e) {
                if (asked == null || held.closed || deadline.passed() || !Losses.isLoss(e, asked)) {
                    e.addSuppressed(failure);
                    throw Losses.statementUnknown(dead, "no server told what it calls", e);
                }
                held.broken(asked);
            }
        }
        if (obstacle != null) {
            throw Losses.statementUnknown(dead, obstacle, failure);
        }
        // The answer was not the query's own: whether that ends its session every time is not known yet.
        held.answered = false;
    }

    private @Nullable String ask(OpenSession asked, Alone query) throws SQLException {
        try (ClusterRef.Limit limit =
                cluster.limit(asked, Deadline.in(cluster.config().handshakeTimeout()))) {
            String obstacle = CatalogProof.obstacle(asked.connection(), query);
            return limit.kept() ? obstacle : "the server took too long to tell what it calls";
        }
    }
}
