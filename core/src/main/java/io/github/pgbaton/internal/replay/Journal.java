package io.github.pgbaton.internal.replay;

/**
 * The journal of the transaction in progress: how many steps it has taken; empty outside a transaction.
 *
 * <p>This is where the steps for a transaction replay will be kept. Today it counts them, which is what the messages
 * about a lost transaction tell, and holds no text, no parameters and no results. Not thread-safe: lives on the thread
 * that uses the connection.
 */
public final class Journal {
    private int steps;

    /** @param step sent just now, inside a transaction */
    public void record(Step step) {
        steps++;
    }

    /** @return the number of steps since the transaction began */
    public int steps() {
        return steps;
    }

    /** The transaction is over, whichever way. */
    public void clear() {
        steps = 0;
    }
}
