package io.github.pgbaton.internal.routing;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;

/** Tells, once for each, of the timelines on which a primary was verified after an earlier one. Thread-safe. */
final class Succession {
    private final List<IntConsumer> listeners = new CopyOnWriteArrayList<>();
    private final AtomicInteger newest = new AtomicInteger();

    /** @param listener returns at once, and throws nothing */
    void add(IntConsumer listener) {
        listeners.add(listener);
    }

    /** Without a lock held: the listeners are told here. */
    void verified(int timeline) {
        int before = newest.getAndAccumulate(timeline, Math::max);
        if (before > 0 && before < timeline) {
            listeners.forEach(listener -> listener.accept(timeline));
        }
    }
}
