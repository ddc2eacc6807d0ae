package io.github.pgbaton.internal.routing;

import io.github.pgbaton.internal.probe.OpenSession;
import java.sql.SQLException;

/**
 * What a session is asked first on a primary, asked of a member too that is still being promoted: a backend that was asked has
 * read the catalogs it needs, and answers sooner when it counts. It is up to whoever asks to conclude nothing from it that the
 * primary might not say.
 */
@FunctionalInterface
public interface Rehearsal {
    /**
     * @param session to a standby, outside a transaction, with a deadline for each answer
     * @throws SQLException PgJDBC's
     */
    void on(OpenSession session) throws SQLException;
}
