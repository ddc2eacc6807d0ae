package io.github.pgbaton.pool;

import java.sql.SQLTransientConnectionException;
import org.jspecify.annotations.Nullable;

/**
 * There was no session to be had in time: no primary that takes writes, no replica that is fit, or the wait for one was
 * interrupted; the connection stays good, and its next call waits again. SQLState 08001, and 08006 inside a transaction, of which
 * nothing was committed and which is to be rolled back.
 *
 * <p>By its class a pool tells it from an 08 of a connection that is gone: thrown away, it could not even be rolled back.
 */
public final class NoSessionException extends SQLTransientConnectionException {
    private static final long serialVersionUID = 1;

    /**
     * @param message what was waited for, what is known, what to do
     * @param sqlState 08001 or 08006
     * @param cause what the last attempt ended with, null where there was none
     */
    public NoSessionException(String message, String sqlState, @Nullable Throwable cause) {
        super(message, sqlState, cause);
    }
}
