package io.github.pgbaton.internal.jdbc;

import java.sql.SQLException;
import java.sql.SQLTransactionRollbackException;
import java.sql.SQLTransientException;
import org.postgresql.util.GT;
import org.postgresql.util.PSQLException;
import org.postgresql.util.PSQLState;

/** Makes the exceptions the wrappers throw on their own; where PgJDBC has one, text and SQLState are PgJDBC's. */
final class Refusal {
    private Refusal() {}

    static SQLException statementClosed() {
        return new PSQLException(GT.tr("This statement has been closed."), PSQLState.OBJECT_NOT_IN_STATE);
    }

    static SQLException connectionClosed() {
        return new PSQLException(GT.tr("This connection has been closed."), PSQLState.CONNECTION_DOES_NOT_EXIST);
    }

    /**
     * 40001, for nothing was executed and binding the parameters again is all it takes: the state a retry of the whole unit
     * of work answers to. 08006 would have a pool throw away a connection that works.
     */
    static SQLException notRepeatable(String what) {
        return new SQLTransactionRollbackException(
                "The session moved to another primary and " + what
                        + " cannot be read a second time; nothing was executed, bind it and run again",
                "40001");
    }

    /** 57014, as of a call that was cancelled on the server. */
    static SQLException cancelled() {
        return new SQLTransientException(
                "cancelled, or its query time-out was met, while its session broke; it was not run again, and nothing of"
                        + " it was committed",
                "57014");
    }

    /** 34000, what the server says of a cursor that is gone; the connection itself works. */
    static SQLException cursorLost(SQLException failure) {
        return new SQLException(
                "The session that held this result is gone, and the rows not fetched yet with it", "34000", failure);
    }
}
