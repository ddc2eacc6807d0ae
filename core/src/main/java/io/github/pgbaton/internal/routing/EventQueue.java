package io.github.pgbaton.internal.routing;

import io.github.pgbaton.event.FailoverEvent;
import io.github.pgbaton.event.FailoverListener;
import io.github.pgbaton.event.FailoverListeners;
import io.github.pgbaton.internal.socket.Threads;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hands the events of one cluster to the application's listeners, in the order in which they were noted, on one thread of
 * its own; whoever publishes never waits. Without a listener there is no thread. Thread-safe.
 */
final class EventQueue {
    private static final Logger LOG = LoggerFactory.getLogger(EventQueue.class);
    private static final int CAPACITY = 1024;

    private final ThreadPoolExecutor executor;
    private final InOrder<FailoverEvent> noted;
    private final AtomicLong dropped = new AtomicLong();
    private final String cluster;

    EventQueue(String cluster) {
        this.cluster = cluster;
        this.executor = new ThreadPoolExecutor(
                1,
                1,
                1,
                TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(CAPACITY),
                Threads.named("pgbaton-events-" + cluster),
                (task, pool) -> dropped.incrementAndGet());
        executor.allowCoreThreadTimeOut(true);
        this.noted = new InOrder<>(event -> executor.execute(() -> deliver(event)));
    }

    /** With whatever lock held, so that it has its place in front of what happens after; {@link #publish()} follows. */
    void note(FailoverEvent event) {
        if (!FailoverListeners.none()) {
            noted.note(event);
        }
    }

    /** Without a lock held: the first event starts a thread. */
    void publish() {
        noted.handOn();
    }

    /** Behind everything that was noted, also where the thread that noted it has not published it yet. */
    void publish(FailoverEvent event) {
        note(event);
        publish();
    }

    private void deliver(FailoverEvent event) {
        long lost = dropped.getAndSet(0);
        if (lost > 0) {
            LOG.warn("{}: {} events were dropped, because a FailoverListener took too long", cluster, lost);
        }
        for (FailoverListener listener : FailoverListeners.all()) {
            try {
                listener.on(event);
            } catch (RuntimeException | Error e) {
                // An assertion or a class that is missing, as well: the other listeners are not to miss the event for
                // it.
                LOG.warn("{}: a FailoverListener failed on {}", cluster, event, e);
            }
        }
    }

    /** Interrupts a listener that blocks; what was not delivered yet is not. */
    void close() {
        executor.shutdownNow();
    }
}
