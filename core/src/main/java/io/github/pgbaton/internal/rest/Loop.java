package io.github.pgbaton.internal.rest;

import io.github.pgbaton.internal.socket.Threads;
import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The one thread of a source: everything it remembers is read and written here, so nothing needs a lock; it never blocks. */
final class Loop {
    private static final Logger LOG = LoggerFactory.getLogger(Loop.class);

    private final String name;
    private final ScheduledThreadPoolExecutor executor;
    private volatile @Nullable Thread thread;

    Loop(String name) {
        this.name = name;
        this.executor = Threads.timer(name);
        // The late answer of a request after close() must not get an exception: nobody waits for it any more.
        executor.setRejectedExecutionHandler(new ThreadPoolExecutor.DiscardPolicy());
    }

    void execute(Runnable task) {
        executor.execute(guarded(task));
    }

    Future<?> after(Duration delay, Runnable task) {
        return executor.schedule(guarded(task), delay.toNanos(), TimeUnit.NANOSECONDS);
    }

    /** Runs a last task, drops the timers and waits for the thread to end. */
    void finish(Runnable lastTask, Duration patience) {
        execute(lastTask);
        executor.shutdown();
        if (Thread.currentThread() == thread) {
            return; // closed from inside the listener: the thread ends once that has returned
        }
        try {
            if (!executor.awaitTermination(patience.toMillis(), TimeUnit.MILLISECONDS)) {
                LOG.warn("{} did not end within {}: its listener blocks", name, patience);
                executor.shutdownNow();
            }
            Thread last = thread;
            if (last != null) {
                last.join(patience.toMillis()); // a terminated executor's thread may have a moment to live
            }
        } catch (InterruptedException e) {
            executor.shutdownNow();
            Thread.currentThread().interrupt();
        }
    }

    private Runnable guarded(Runnable task) {
        return () -> {
            thread = Thread.currentThread();
            try {
                task.run();
            } catch (RuntimeException e) {
                // A scheduled task that throws would vanish in its future, and with it the source's next step.
                LOG.error("unexpected failure in {}, going on", name, e);
            }
        };
    }
}
