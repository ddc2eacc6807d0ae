package io.github.pgbaton.dcs;

import io.github.pgbaton.topology.Topology;

/**
 * Watches one cluster and publishes what it sees; created stopped, started once, closed once.
 *
 * <p>A source owns its threads and resumes by itself after every failure: it needs no help from its listener. It calls
 * the listener from one thread at a time, in the order of what it saw, and never after {@link #close()} has returned.
 */
public interface LeaderSource extends AutoCloseable {

    /**
     * Starts watching and returns at once; the first snapshot or the first failure comes through the listener.
     *
     * @param listener told of everything; must return quickly and may not block
     */
    void start(Listener listener);

    /**
     * Asks for a fresh reading from the DCS, because a session broke or a member refused: a watch that sits on a dead
     * DCS member is silent for seconds. Returns at once, may be called from any thread and as often as one likes; the
     * source joins and limits the requests.
     */
    void suspect();

    /**
     * Ends the suspicion: PostgreSQL itself has proven that the leader last published is the primary. Returns at once,
     * may be called from any thread.
     */
    void trust();

    /**
     * @return what this source watches, for log lines: endpoints, namespace and scope, never a credential
     */
    String description();

    /** Stops every thread and closes every socket of this source; idempotent; waits a few seconds at most. */
    @Override
    void close();

    /** Takes what a source sees. */
    interface Listener {

        /**
         * @param snapshot the whole state as the source now knows it; also the sign that the source is healthy
         */
        void published(Topology snapshot);

        /**
         * The source cannot tell the state of the cluster now: not yet reached, quorum lost, refused. Called once per
         * period of silence, and again only after a {@link #published}.
         *
         * @param reason what was tried and how it failed, without credentials
         */
        void degraded(String reason);
    }
}
