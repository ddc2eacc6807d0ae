package io.github.pgbaton.event;

import java.sql.SQLRecoverableException;
import org.jspecify.annotations.Nullable;

/**
 * The connection moved to another session, and something the old one held cannot be had there: SQLState 08S02.
 *
 * <p>Thrown once, by the first call after the move, before anything was sent. The connection goes on without what the
 * message names: make it again, or close the connection.
 */
public final class SessionStateLostException extends SQLRecoverableException {
    private static final long serialVersionUID = 1L;

    /**
     * @param reason names what was lost
     * @param cause why it could not be restored, null where it never can be
     */
    public SessionStateLostException(String reason, @Nullable Throwable cause) {
        super(reason, "08S02", cause);
    }
}
