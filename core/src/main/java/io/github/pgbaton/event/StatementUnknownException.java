package io.github.pgbaton.event;

import java.sql.SQLNonTransientException;
import org.jspecify.annotations.Nullable;

/**
 * An autocommit statement was under way when the session broke, and it may or may not have taken effect; SQLState 40003
 * (statement_completion_unknown of the SQL standard).
 *
 * <p>A statement that only reads can be run again. Before running a write again, look for its effect on the new primary.
 */
public final class StatementUnknownException extends SQLNonTransientException {
    private static final long serialVersionUID = 1;

    /** The SQLState. */
    public static final String SQL_STATE = "40003";

    /**
     * @param message what happened, what the driver did, what to do
     * @param cause what PgJDBC threw
     */
    public StatementUnknownException(String message, @Nullable Throwable cause) {
        super(message, SQL_STATE, cause);
    }
}
