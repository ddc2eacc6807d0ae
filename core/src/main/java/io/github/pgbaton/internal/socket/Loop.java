package io.github.pgbaton.internal.socket;

import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The one thread of a leader source: everything it remembers is read and written here, so nothing needs a lock; it never blocks. */
public final class Loop {
    private static final Logger LOG = LoggerFactory.getLogger(Loop.class);

    private final String name;
    private final ScheduledThreadPoolExecutor executor;
    private volatile @Nullable Thread thread;

    /** @param name of the thread */
    public Loop(String name) {
        this(name, Threads.timer(name));
    }

    /**
     * @param name for messages
     * @param executor of one thread; for tests, where none is to be had
     */
    public Loop(String name, ScheduledThreadPoolExecutor executor) {
        this.name = name;
        this.executor = executor;
        // The late answer of a call after close() must not get an exception: nobody waits for it any more.
        executor.setRejectedExecutionHandler(new ThreadPoolExecutor.DiscardPolicy());
    }

    /** @param task run soon, in the order of the calls; nothing once the loop is finished */
    public void execute(Runnable task) {
        executor.execute(guarded(task));
    }

    /**
     * @param delay before it is run
     * @param task to run
     * @return to cancel it
     */
    public Future<?> after(Duration delay, Runnable task) {
        return executor.schedule(guarded(task), delay.toNanos(), TimeUnit.NANOSECONDS);
    }

    /** @return whether the caller is the loop's own thread */
    public boolean isCurrentThread() {
        return Thread.currentThread() == thread;
    }

    /**
     * Runs a last task, drops the timers and waits for the thread to end.
     *
     * @param lastTask run after everything that was executed before
     * @param patience how long to wait
     */
    public void finish(Runnable lastTask, Duration patience) {
        try {
            execute(lastTask);
        } finally {
            // It may be that no thread is to be had for the task.
            executor.shutdown();
        }
        if (isCurrentThread()) {
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

    /** An exception would end the executor's repetition without a word. */
    private Runnable guarded(Runnable task) {
        return () -> {
            thread = Thread.currentThread();
            try {
                task.run();
            } catch (RuntimeException | LinkageError e) {
                // A missing or clashing class is a library's fault that the log must show, not the end of the watch.
                LOG.error("unexpected failure in {}, going on", name, e);
            }
        };
    }
}
