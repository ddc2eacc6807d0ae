package io.github.pgbaton.event;

import java.sql.SQLNonTransientConnectionException;
import org.jspecify.annotations.Nullable;

/**
 * A COMMIT was under way when the session broke, and it may or may not have happened; SQLState 08007
 * (transaction_resolution_unknown of the SQL standard).
 *
 * <p>Running the transaction again without looking may apply it twice. Look for its effect on the new primary first.
 */
public final class CommitUnknownException extends SQLNonTransientConnectionException {
    private static final long serialVersionUID = 1;

    /** The SQLState. */
    public static final String SQL_STATE = "08007";

    /**
     * @param message what happened, what the driver did, what to do
     * @param cause what PgJDBC threw, null where the loss was noticed without a call
     */
    public CommitUnknownException(String message, @Nullable Throwable cause) {
        super(message, SQL_STATE, cause);
    }
}
