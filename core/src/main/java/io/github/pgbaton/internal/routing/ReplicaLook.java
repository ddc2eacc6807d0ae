package io.github.pgbaton.internal.routing;

import io.github.pgbaton.internal.probe.Progress;
import java.sql.Connection;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;
import org.postgresql.jdbc.PgConnection;

/**
 * What one look at one member found: either what its PostgreSQL said, or why it said nothing; immutable.
 *
 * @param progress null where it said nothing
 * @param lag how many bytes of the primary's WAL it had still to replay; -1 while no primary's position is known
 * @param failure null where it said something
 */
record ReplicaLook(
        @Nullable Progress progress, long lag, @Nullable SQLException failure) {

    private static final String FEATURE_NOT_SUPPORTED = "0A000";

    /**
     * Asks on a session that is kept for the looks alone; where the role's default is SERIALIZABLE, which no standby has, it is
     * given another level.
     */
    static Progress first(PgConnection session) throws SQLException {
        try {
            return Progress.ask(session);
        } catch (SQLException e) {
            if (!FEATURE_NOT_SUPPORTED.equals(e.getSQLState())) {
                throw e;
            }
            session.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            return Progress.ask(session);
        }
    }

    static ReplicaLook at(Progress progress) {
        return new ReplicaLook(progress, -1, null);
    }

    static ReplicaLook failed(SQLException failure) {
        return new ReplicaLook(null, -1, failure);
    }

    boolean isPrimary() {
        return progress != null && !progress.inRecovery();
    }

    /** The same look, its lag told by a primary that was at this position before it, unless it is told already. */
    ReplicaLook behind(long primary) {
        if (progress == null || !progress.inRecovery() || progress.position() < 0 || lag >= 0) {
            return this;
        }
        return new ReplicaLook(progress, Math.max(0, primary - progress.position()), failure);
    }
}
