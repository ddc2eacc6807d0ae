package io.github.pgbaton.internal.outcome;

import io.github.pgbaton.internal.probe.Deadline;
import io.github.pgbaton.internal.probe.OpenSession;
import io.github.pgbaton.internal.routing.ClusterRef;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.UUID;
import java.util.stream.Collectors;
import org.postgresql.jdbc.PgConnection;

/**
 * Tells whether a primary has all WAL that another one, or itself, had written when it told something; it says yes only
 * where a token proves it.
 *
 * <p>A COMMIT that was sent after the answer lies behind it in the WAL, and no token is given twice. Where the token is, there is
 * all that lies before it. The session that sent it was open before the answer and lived until its own was there, so that
 * no crash came in between, after which other WAL would have taken the place of what had not reached the disk. A position in
 * the WAL proves less: the same one is there after such a crash, too.
 */
public final class Continuity {
    /** In the order in which they were sent: where the first ones are not, later ones are not either. */
    private static final int MOST = 100;

    private Continuity() {}

    /**
     * @param session to the primary of now, outside a transaction; it is so afterwards
     * @param told what is to be proven
     * @param deadline for the answer
     * @return whether all that was in the WAL then is in the WAL of this primary
     * @throws SQLException PgJDBC's, where the session broke
     */
    public static boolean proven(ClusterRef cluster, OpenSession session, Told told, Deadline deadline)
            throws SQLException {
        List<UUID> after = CommitAudit.of(cluster).after(told, MOST);
        if (after.isEmpty()) {
            return false;
        }
        PgConnection connection = session.connection();
        String tokens = after.stream().map(UUID::toString).collect(Collectors.joining(","));
        try (Calm calm = new Calm(connection, deadline);
                Statement statement = connection.createStatement()) {
            statement.setQueryTimeout(0);
            try (ResultSet row =
                    statement.executeQuery("SELECT EXISTS (SELECT FROM pgbaton.tx WHERE kind = 'c' AND token = ANY ('{"
                            + tokens + "}'::pg_catalog.uuid[]))")) {
                return row.next() && row.getBoolean(1);
            }
        } catch (SQLException e) {
            if (session.socket().aborted() || connection.isClosed()) {
                throw e;
            }
            // The ledger is gone, or the role may not read it.
            return false;
        }
    }
}
