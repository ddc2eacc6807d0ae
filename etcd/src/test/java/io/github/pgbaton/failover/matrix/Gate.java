package io.github.pgbaton.failover.matrix;

import io.github.pgbaton.testkit.PatroniCluster;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/**
 * A lock on the table {@code gated} of the primary, held in a session of PgJDBC's own: statements that touch the table are
 * under way, and stay so, until it opens.
 */
final class Gate implements AutoCloseable {
    private final Connection holder;

    private Gate(Connection holder) {
        this.holder = holder;
    }

    static Gate shut(PatroniCluster cluster, String member) throws SQLException {
        Connection holder = Sql.direct(cluster, member);
        holder.setAutoCommit(false);
        try (Statement statement = holder.createStatement()) {
            statement.execute("LOCK TABLE gated IN ACCESS EXCLUSIVE MODE");
        }
        return new Gate(holder);
    }

    /** How many statements the lock holds up, as the server sees it: a client cannot tell from its own side. */
    int waiting() throws SQLException {
        try (Statement statement = holder.createStatement();
                ResultSet row = statement.executeQuery(
                        "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'gated'::regclass")) {
            row.next();
            return row.getInt(1);
        }
    }

    /** Lets them go on; only where the member still answers. */
    void open() throws SQLException {
        holder.rollback();
    }

    @Override
    public void close() throws SQLException {
        holder.abort(Runnable::run);
    }
}
