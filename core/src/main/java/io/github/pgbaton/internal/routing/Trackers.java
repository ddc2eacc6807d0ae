package io.github.pgbaton.internal.routing;

import io.github.pgbaton.config.BatonConfig;
import io.github.pgbaton.config.ClusterId;
import io.github.pgbaton.dcs.LeaderSource;
import io.github.pgbaton.dcs.LeaderSourceProvider;
import io.github.pgbaton.internal.rest.PatroniRestSourceProvider;
import io.github.pgbaton.topology.ClusterState;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The trackers of this JVM, one per cluster however many pools there are; each lives as long as somebody holds a
 * reference to it, and a few seconds longer.
 *
 * <p>The lock is taken to acquire and to release a reference, never on the path of a call. It is the first in the lock
 * order: a tracker's own lock is never held when this one is taken.
 */
final class Trackers {
    /**
     * How long a tracker outlives its last connection: a pool that refills, or a program that opens one connection at a
     * time, must not build a watch anew each time.
     */
    private static final long LINGER_SECONDS = 5;

    private static final ReentrantLock LOCK = new ReentrantLock();
    private static final Map<ClusterId, Entry> ENTRIES = new HashMap<>();

    private Trackers() {}

    private static final class Entry {
        final LeaderTracker tracker;
        int references;

        @Nullable
        ScheduledFuture<?> end;

        Entry(LeaderTracker tracker) {
            this.tracker = tracker;
        }
    }

    static LeaderTracker acquire(BatonConfig config) {
        LOCK.lock();
        try {
            Entry entry = ENTRIES.get(config.clusterId());
            if (entry == null) {
                entry = new Entry(track(config, source(config)));
                ENTRIES.put(config.clusterId(), entry);
            }
            if (entry.end != null) {
                entry.end.cancel(false);
                entry.end = null;
            }
            entry.references++;
            return entry.tracker;
        } finally {
            LOCK.unlock();
        }
    }

    /** What cannot be started whole, as where no thread can be had, is closed at once, the source too: nobody else would. */
    static LeaderTracker track(BatonConfig config, @Nullable LeaderSource source) {
        LeaderTracker tracker = null;
        try {
            tracker = new LeaderTracker(config, source);
            tracker.start();
            return tracker;
        } catch (RuntimeException | Error e) {
            try {
                if (tracker != null) {
                    tracker.close();
                } else if (source != null) {
                    source.close();
                }
            } catch (RuntimeException | Error another) {
                e.addSuppressed(another);
            }
            throw e;
        }
    }

    /** Gives a reference back; the tracker ends a few seconds after the last. */
    static void release(LeaderTracker tracker) {
        LOCK.lock();
        try {
            ClusterId id = tracker.config().clusterId();
            Entry entry = ENTRIES.get(id);
            if (entry != null && entry.tracker == tracker && --entry.references <= 0) {
                entry.end = tracker.timer().schedule(() -> end(id, tracker), LINGER_SECONDS, TimeUnit.SECONDS);
            }
        } finally {
            LOCK.unlock();
        }
    }

    static List<ClusterState> states() {
        LOCK.lock();
        try {
            return ENTRIES.values().stream().map(entry -> entry.tracker.state()).toList();
        } finally {
            LOCK.unlock();
        }
    }

    /** Ends a tracker that merely lingers. */
    static void endUnused(ClusterId id) {
        LeaderTracker unused;
        LOCK.lock();
        try {
            Entry entry = ENTRIES.get(id);
            if (entry == null || entry.references > 0) {
                return;
            }
            unused = entry.tracker;
        } finally {
            LOCK.unlock();
        }
        end(id, unused);
    }

    private static void end(ClusterId id, LeaderTracker tracker) {
        LOCK.lock();
        try {
            Entry entry = ENTRIES.get(id);
            if (entry == null || entry.tracker != tracker || entry.references > 0) {
                return;
            }
            ENTRIES.remove(id);
        } finally {
            LOCK.unlock();
        }
        // Outside the lock: closing waits for the source's threads, and a new tracker may start meanwhile.
        tracker.close();
    }

    /** What the configuration names: another DCS leads, and Patroni's own interface is its fallback. */
    private static @Nullable LeaderSource source(BatonConfig config) {
        PatroniRestSourceProvider rest = new PatroniRestSourceProvider();
        LeaderSource lead = lead(config);
        Optional<LeaderSource> own = rest.create(config);
        if (lead == null || own.isEmpty()) {
            return lead == null ? own.orElse(null) : lead;
        }
        return new FallbackSource(lead, told -> rest.after(config, told).orElseThrow(), lead.description());
    }

    private static @Nullable LeaderSource lead(BatonConfig config) {
        for (LeaderSourceProvider provider :
                ServiceLoader.load(LeaderSourceProvider.class, LeaderSourceProvider.class.getClassLoader())) {
            Optional<LeaderSource> source = provider.create(config);
            if (source.isPresent()) {
                return source.get();
            }
        }
        if (!config.etcd().isEmpty()) {
            throw new IllegalArgumentException(
                    "etcd=" + config.etcd() + " needs the dependency io.github.pgbaton:pgbaton-etcd on the class path");
        }
        return null;
    }
}
