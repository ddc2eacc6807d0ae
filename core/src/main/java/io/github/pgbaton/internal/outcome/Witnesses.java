package io.github.pgbaton.internal.outcome;

import io.github.pgbaton.internal.probe.Deadline;
import io.github.pgbaton.internal.probe.OpenSession;
import io.github.pgbaton.internal.routing.ClusterRef;
import io.github.pgbaton.internal.socket.Threads;
import io.github.pgbaton.topology.HostPort;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps one {@link Witness} for all connections of this JVM to one database with one user; it is opened in the background,
 * so a COMMIT may have none. Thread-safe; nobody waits here.
 */
final class Witnesses {
    private static final Logger LOG = LoggerFactory.getLogger(Witnesses.class);
    private static final Duration TO_OPEN = Duration.ofSeconds(10);

    /** A server that has no session left is not asked for one by every COMMIT. */
    private static final long PAUSE_NANOS = Duration.ofSeconds(1).toNanos();

    private final ExecutorService opening;
    private final AtomicBoolean busy = new AtomicBoolean();
    private volatile @Nullable Witness latest;
    private volatile long triedNanos = System.nanoTime() - PAUSE_NANOS;

    private Witnesses(String name) {
        this.opening = Threads.shortLived("pgbaton-witness-" + name, 1);
    }

    static Witnesses of(ClusterRef cluster) {
        return cluster.shared(Witnesses.class, () -> new Witnesses(cluster.name()));
    }

    /**
     * @param cluster to open one to, where there is none
     * @param member that it is to be on
     * @return one that is there already, null where there is none
     */
    @Nullable
    Witness on(HostPort member, ClusterRef cluster) {
        Witness known = latest;
        if (known != null && known.address().equals(member) && known.mayLive()) {
            return known;
        }
        if (System.nanoTime() - triedNanos >= PAUSE_NANOS && busy.compareAndSet(false, true)) {
            ClusterRef own = cluster.another();
            opening.execute(() -> {
                try {
                    open(own);
                } finally {
                    triedNanos = System.nanoTime();
                    own.release();
                    busy.set(false);
                }
            });
        }
        return null;
    }

    /** The session lives as long as the cluster's tracker, which ends all its sessions. */
    private void open(ClusterRef own) {
        Witness old = latest;
        latest = null;
        if (old != null) {
            own.discard(old.session());
        }
        OpenSession session = null;
        try {
            session = own.open(Deadline.in(TO_OPEN));
            latest = Witness.on(session, Deadline.in(TO_OPEN));
        } catch (SQLException e) {
            LOG.debug("{}: there is no witness yet", own.name(), e);
            if (session != null) {
                own.discard(session);
            }
        }
    }
}
