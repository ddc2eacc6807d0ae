package io.github.pgbaton.internal.session;

import java.sql.SQLException;

/**
 * Carries out of a call that the COMMIT behind an autocommit statement took no effect and never will; it is caught where the
 * call is made again, and no application ever sees it.
 */
final class NotCommitted extends SQLException {
    private static final long serialVersionUID = 1L;

    NotCommitted(SQLException cause) {
        super(cause.getMessage(), cause.getSQLState(), cause);
    }
}
