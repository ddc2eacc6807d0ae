package io.github.pgbaton.internal.routing;

import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The watch over the replicas, made for the first who wants to know; until then nobody is asked and nothing is judged.
 * Thread-safe without a lock.
 */
final class Replicas {
    private final LeaderTracker tracker;
    private final AtomicReference<@Nullable ReplicaWatch> made = new AtomicReference<>();

    Replicas(LeaderTracker tracker) {
        this.tracker = tracker;
    }

    ReplicaWatch watch() {
        ReplicaWatch known = made.get();
        if (known != null) {
            return known;
        }
        // One that comes second has no thread and no session yet, and nobody has seen it.
        made.compareAndSet(null, new ReplicaWatch(tracker));
        return Objects.requireNonNull(made.get());
    }

    /** Not under the lock of the route: the watch has one of its own. */
    void tell(Consumer<ReplicaWatch> news) {
        ReplicaWatch known = made.get();
        if (known != null) {
            news.accept(known);
        }
    }
}
