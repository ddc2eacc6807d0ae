package io.github.pgbaton.internal.outcome;

import io.github.pgbaton.internal.probe.Deadline;
import io.github.pgbaton.internal.probe.OpenSession;
import io.github.pgbaton.internal.routing.ClusterRef;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import org.postgresql.jdbc.PgConnection;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes old rows out of the ledger, in small transactions and for a bounded time; what is old the database itself decides,
 * and it lets in one purger at a time, whichever JVM it belongs to.
 */
public final class Purger {
    private static final Logger LOG = LoggerFactory.getLogger(Purger.class);
    private static final int BATCH = 5000;
    private static final Duration TO_CONNECT = Duration.ofSeconds(10);
    private static final Duration TO_PURGE = Duration.ofSeconds(20);

    private Purger() {}

    /** In the background: a failure is logged, and the next time will do. */
    static void run(ClusterRef cluster) {
        try {
            OpenSession session = cluster.open(Deadline.in(TO_CONNECT));
            try {
                long gone = purge(session.connection(), Deadline.in(TO_PURGE));
                LOG.debug("{}: {} rows purged from pgbaton.tx", cluster.name(), gone);
            } finally {
                cluster.close(session);
            }
        } catch (SQLException e) {
            LOG.debug("{}: pgbaton.tx was not purged", cluster.name(), e);
        }
    }

    /**
     * @param session outside a transaction; of its own, as settings are left behind
     * @param deadline after which it stops
     * @return how many rows are gone; 0 as well where somebody else purges just now
     * @throws SQLException PgJDBC's
     */
    public static long purge(PgConnection session, Deadline deadline) throws SQLException {
        try (Calm calm = new Calm(session, deadline);
                Statement statement = session.createStatement()) {
            // A purge that a failover takes back is done again; nobody has to wait for a standby here.
            statement.execute("SET synchronous_commit TO off");
            long all = 0;
            while (!deadline.passed()) {
                try (ResultSet row = statement.executeQuery("SELECT pgbaton.purge(" + BATCH + ")")) {
                    row.next();
                    long gone = row.getLong(1);
                    all += Math.max(gone, 0);
                    if (gone < BATCH) {
                        break;
                    }
                }
            }
            return all;
        }
    }
}
