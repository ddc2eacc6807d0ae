package io.github.pgbaton.internal.session;

import io.github.pgbaton.internal.probe.OpenSession;
import io.github.pgbaton.internal.routing.ClusterRef;
import org.jspecify.annotations.Nullable;

/**
 * A verified session on the primary that is left over, for the next one who would open one: it is taken once or closed.
 *
 * <p>What showed that a COMMIT never takes effect is as good for the replay as a session that it would open, and a handshake
 * on a primary that everybody runs to is the longest part of a replay. Not thread-safe.
 */
final class Spare implements AutoCloseable {
    private final ClusterRef cluster;
    private @Nullable OpenSession session;

    Spare(ClusterRef cluster, @Nullable OpenSession session) {
        this.cluster = cluster;
        this.session = session;
    }

    static Spare none(ClusterRef cluster) {
        return new Spare(cluster, null);
    }

    /** @return the caller's from now on; null where there is none, or its member has lost the lock meanwhile */
    @Nullable
    OpenSession take() {
        OpenSession taken = session;
        session = null;
        if (taken != null && taken.socket().aborted()) {
            cluster.discard(taken);
            return null;
        }
        return taken;
    }

    @Override
    public void close() {
        OpenSession left = session;
        session = null;
        if (left != null) {
            cluster.close(left);
        }
    }
}
