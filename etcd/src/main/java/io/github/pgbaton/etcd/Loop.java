package io.github.pgbaton.etcd;

import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The one thread of a source: everything it remembers is read and written here, so nothing needs a lock. */
final class Loop {
    private static final Logger LOG = LoggerFactory.getLogger(Loop.class);

    private final ScheduledThreadPoolExecutor executor;
    private volatile Thread thread = Thread.currentThread();

    Loop(String threadName) {
        executor = new ScheduledThreadPoolExecutor(
                1,
                task -> {
                    // Neither the class loader nor the thread-locals of whoever connected first: a redeployed
                    // application has to be unloadable while another one keeps the watch.
                    Thread made = new Thread(null, task, threadName, 0, false);
                    made.setContextClassLoader(null);
                    made.setDaemon(true);
                    thread = made;
                    return made;
                },
                // A late gRPC callback after close() must not get an exception: nobody waits for it any more.
                new ThreadPoolExecutor.DiscardPolicy());
        executor.setRemoveOnCancelPolicy(true);
        executor.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    }

    void execute(Runnable task) {
        executor.execute(guarded(task));
    }

    Future<?> after(Duration delay, Runnable task) {
        return executor.schedule(guarded(task), delay.toNanos(), TimeUnit.NANOSECONDS);
    }

    boolean isCurrentThread() {
        return Thread.currentThread() == thread;
    }

    /** Runs a last task, drops the timers and waits for the thread to end. */
    void finish(Runnable last, Duration patience) {
        execute(last);
        executor.shutdown();
        if (isCurrentThread()) {
            return; // closed from inside the listener: the thread ends once that has returned
        }
        try {
            if (!executor.awaitTermination(patience.toMillis(), TimeUnit.MILLISECONDS)) {
                LOG.warn("{} did not end within {}: its listener blocks", thread.getName(), patience);
                executor.shutdownNow();
            }
        } catch (InterruptedException e) {
            executor.shutdownNow();
            Thread.currentThread().interrupt();
        }
    }

    private static Runnable guarded(Runnable task) {
        return () -> {
            try {
                task.run();
            } catch (RuntimeException | LinkageError e) {
                // A scheduled task that throws would vanish in its future, and with it the source's next step.
                LOG.error("unexpected failure, going on", e);
            }
        };
    }
}
