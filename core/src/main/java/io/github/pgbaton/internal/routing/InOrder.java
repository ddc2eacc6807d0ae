package io.github.pgbaton.internal.routing;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/**
 * Hands on what many threads note, in the order in which they noted it: one thread at a time does so, and nobody waits for
 * that one. Thread-safe.
 *
 * @param <T> what is noted
 */
final class InOrder<T> {
    private final Queue<T> noted = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean busy = new AtomicBoolean();
    private final Consumer<T> receiver;

    /** @param receiver of everything that is noted; never called by two threads at once */
    InOrder(Consumer<T> receiver) {
        this.receiver = receiver;
    }

    /** Fit for a lock that is held: nothing is handed on here. */
    void note(T one) {
        noted.add(one);
    }

    /** Whoever finds another thread at it leaves the rest to that one, which looks again before it goes. */
    void handOn() {
        while (!noted.isEmpty() && busy.compareAndSet(false, true)) {
            try {
                for (T one = noted.poll(); one != null; one = noted.poll()) {
                    receiver.accept(one);
                }
            } finally {
                busy.set(false);
            }
        }
    }
}
