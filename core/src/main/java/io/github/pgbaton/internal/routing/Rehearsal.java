package io.github.pgbaton.internal.routing;

import java.sql.SQLException;
import org.postgresql.jdbc.PgConnection;

/**
 * What a session is asked first on a primary, asked of a member too that is still being promoted; nothing is concluded from
 * what that one answers. A backend that was asked has read the catalogs it needs, and answers sooner when it counts.
 */
@FunctionalInterface
public interface Rehearsal {
    /**
     * @param session to a standby, outside a transaction, with a deadline for each answer
     * @throws SQLException PgJDBC's
     */
    void on(PgConnection session) throws SQLException;
}
