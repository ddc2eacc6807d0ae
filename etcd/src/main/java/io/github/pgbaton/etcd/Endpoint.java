package io.github.pgbaton.etcd;

import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * One etcd member as this module needs it; no call blocks, and every future completes or its caller's deadline passes.
 *
 * <p>The futures and {@link WatchEvents} are completed on foreign threads: whoever uses them hands over to its own.
 */
interface Endpoint {

    /** The address, for log lines. */
    String name();

    /** All keys of the cluster that matter, linearizable, in one revision. */
    CompletableFuture<KeyState> read();

    /** The leader key alone, linearizable. */
    CompletableFuture<KeyState> readLeader();

    /**
     * Watches from a revision on; the handle is live until it is closed or has ended.
     *
     * @param fromRevision the first revision of interest
     * @param narrow key by key, for a user who may not read the whole range
     * @param events told of everything
     * @return closes the watch
     */
    AutoCloseableQuietly watch(long fromRevision, boolean narrow, WatchEvents events);

    /** Closes the connection, if there is one; the next call opens another. */
    void discard();

    /** What a watch tells. */
    interface WatchEvents {
        /**
         * etcd has confirmed the watch, or a part of it.
         *
         * @param complete whether no part is missing any more
         */
        void created(long clusterId, long term, long revision, boolean complete);

        /** Changes of one response, in order. */
        void changed(long clusterId, long term, List<KeyChange> changes);

        /** The watch is over, for whatever reason; may come more than once. */
        void ended(String reason, boolean permissionDenied);
    }

    /** A handle whose close does not throw. */
    interface AutoCloseableQuietly extends AutoCloseable {
        @Override
        void close();
    }
}
