package io.github.pgbaton.event;

import java.sql.SQLTransactionRollbackException;
import org.jspecify.annotations.Nullable;

/**
 * The transaction's session broke before its COMMIT was sent: for certain nothing of it was committed; SQLState 40001.
 *
 * <p>The connection stays good. Roll back and run the whole transaction again, as after a serialization failure; retry
 * frameworks do so for this SQLState.
 */
public final class TransactionLostException extends SQLTransactionRollbackException {
    private static final long serialVersionUID = 1;

    /** The SQLState, which is also PostgreSQL's for a serialization failure. */
    public static final String SQL_STATE = "40001";

    /**
     * @param message what happened, what the driver did, what to do
     * @param cause what PgJDBC threw, null where the loss was noticed without a call
     */
    public TransactionLostException(String message, @Nullable Throwable cause) {
        super(message, SQL_STATE, cause);
    }
}
