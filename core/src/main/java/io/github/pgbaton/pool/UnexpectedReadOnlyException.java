package io.github.pgbaton.pool;

import java.sql.SQLNonTransientException;

/**
 * Is the next exception of PostgreSQL's own 25006 ({@link java.sql.SQLException#getNextException}), and of no other, where as far
 * as the driver sees nobody made the transaction read-only: the member may be no primary any more.
 *
 * <p>The driver looks at the member, and breaks the sessions to it if it is none; a pool that throws the connection away meanwhile
 * keeps the next borrower from the same error. Without this, the write was the application's own mistake, on a replica or where
 * it had called {@code setReadOnly(true)}, and the connection is good.
 */
public final class UnexpectedReadOnlyException extends SQLNonTransientException {
    private static final long serialVersionUID = 1;

    /** @param message which member refused the write, and what the driver does about it */
    public UnexpectedReadOnlyException(String message) {
        super(message, "25006");
    }
}
