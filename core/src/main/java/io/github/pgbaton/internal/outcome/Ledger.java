package io.github.pgbaton.internal.outcome;

import io.github.pgbaton.internal.routing.ClusterRef;
import io.github.pgbaton.internal.socket.Threads;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The ledger of one database, as all connections of this JVM know it together: what was found of it last, and when it is
 * purged next; at most one thread of this JVM purges it at a time. Thread-safe.
 */
final class Ledger {
    private static final Logger LOG = LoggerFactory.getLogger(Ledger.class);

    /** A row is gone at the latest this part of the retention after its time. */
    private static final int PURGES_PER_RETENTION = 20;

    private static final long SHORTEST_PAUSE_NANOS = Duration.ofMinutes(1).toNanos();

    private final String name;
    private final LongSupplier nanoTime;
    private final ExecutorService purging;
    private final AtomicReference<@Nullable LedgerStatus> last = new AtomicReference<>();
    /** In nanoseconds of {@link #nanoTime}; whoever moves it on purges. */
    private final AtomicLong nextPurge = new AtomicLong();

    private final AtomicBoolean running = new AtomicBoolean();

    Ledger(String name, LongSupplier nanoTime) {
        this.name = name;
        this.nanoTime = nanoTime;
        this.purging = Threads.shortLived("pgbaton-ledger-" + name, 1);
    }

    static Ledger of(ClusterRef cluster) {
        return cluster.shared(Ledger.class, () -> new Ledger(cluster.name(), System::nanoTime));
    }

    /**
     * Notes what a session found; a change is logged, and what stays the same is not.
     *
     * @param xids whether the transaction id takes its place where it is not usable
     */
    void seen(LedgerStatus status, boolean xids) {
        LedgerStatus before = last.getAndSet(status);
        if (status.equals(before)) {
            return;
        }
        if (status instanceof LedgerStatus.Unusable unusable) {
            LOG.warn(
                    xids
                            ? "{}: each transaction is asked for its id before its COMMIT, which costs a round trip and"
                                    + " tells less than a ledger, because {}"
                            : "{}: a COMMIT that a failover cuts off will be reported as unknown (08007), and its"
                                    + " transaction not be run again, because {}",
                    name,
                    unusable.reason());
        } else if (status instanceof LedgerStatus.Usable usable) {
            LOG.info(
                    "{}: commits carry a token into pgbaton.tx, rows are kept for {} s",
                    name,
                    usable.retention().toSeconds());
            if (!(before instanceof LedgerStatus.Usable)) {
                // Many JVMs start at once: each begins at a time of its own.
                long pause = pauseNanos(usable);
                nextPurge.set(nanoTime.getAsLong() + ThreadLocalRandom.current().nextLong(pause));
            }
        }
    }

    /** A token went in: now and then somebody has to take the old ones out. */
    void committed(ClusterRef cluster) {
        long due = nextPurge.get();
        long now = nanoTime.getAsLong();
        if (now - due < 0
                || !(last.get() instanceof LedgerStatus.Usable usable)
                // The last one is not quite over: the next commit asks again, where moving the time on would skip a
                // turn.
                || running.get()
                || !nextPurge.compareAndSet(due, now + pauseNanos(usable))
                || !usable.purgeable()
                // Else the pool would have the committing thread do it.
                || !running.compareAndSet(false, true)) {
            return;
        }
        // A reference of its own: the connection may be closed meanwhile.
        ClusterRef own = cluster.another();
        purging.execute(() -> {
            try {
                Purger.run(own);
            } finally {
                own.release();
                running.set(false);
            }
        });
    }

    private static long pauseNanos(LedgerStatus.Usable usable) {
        long pause = Math.max(usable.retention().toNanos() / PURGES_PER_RETENTION, SHORTEST_PAUSE_NANOS);
        return pause / 2 + ThreadLocalRandom.current().nextLong(pause);
    }
}
