package io.github.pgbaton.event;

/** Hears what happens to the way to the primary; see {@link FailoverListeners}. */
@FunctionalInterface
public interface FailoverListener {

    /**
     * Called on a thread of pgbaton's, one for each cluster, one event at a time and in their order. What it throws is
     * logged and goes no further. While it blocks, later events of the cluster wait, and beyond 1024 of them are dropped and
     * counted in the log; no connection waits for it.
     *
     * @param event what happened
     */
    void on(FailoverEvent event);
}
