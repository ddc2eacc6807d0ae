package io.github.pgbaton.failover.matrix;

import java.sql.SQLException;
import java.util.Set;

/** One connection, or one thread that opens them, in one moment of the matrix; nothing of it ever blocks the test's thread. */
interface Actor extends AutoCloseable {

    Moment moment();

    /** Gets into its moment; a call that shall be under way is started. */
    void begin() throws Exception;

    /** Whether the call that was under way on the primary of then is so no more. */
    boolean released();

    /** The fault has taken effect: makes the next call, or stops doing more. */
    void wake();

    /**
     * Waits for its calls to end.
     *
     * @return the SQLStates it saw, empty for none
     * @throws AssertionError when one of them hangs
     */
    Set<String> seen() throws InterruptedException;

    /** Uses the same connection again, in a transaction of its own, which must succeed. */
    void goOn() throws InterruptedException, SQLException;

    /** Tells what must be in the tables now. */
    void testify(Audit audit);

    @Override
    void close() throws SQLException;
}
