package io.github.pgbaton.internal.replay;

/**
 * The journal of the transaction in progress: its phase and how many steps it took; a step of no transaction leaves no
 * trace.
 *
 * <p>This is where the steps for a transaction replay are recorded. Today it keeps their number and the newest one, which
 * is what the messages about a lost transaction tell; it holds no result data and no parameters. Not thread-safe: lives
 * on the thread that uses the connection.
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
