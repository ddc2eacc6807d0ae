package io.github.pgbaton.internal.socket;

import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Makes pgbaton's threads: daemons with a name, with pgbaton's own class loader, and holding neither that nor the
 * thread-locals of whoever happened to need them first, so that a redeployed application can be unloaded. They do have
 * one: libraries look up their parts through it, and without one jetcd's fail to initialise for good.
 */
public final class Threads {
    private Threads() {}

    /**
     * @param name of every thread, a number follows from the second on
     * @return a factory
     */
    public static ThreadFactory named(String name) {
        AtomicInteger number = new AtomicInteger();
        return task -> {
            int n = number.incrementAndGet();
            Thread thread = new Thread(null, task, n == 1 ? name : name + "-" + n, 0, false);
            thread.setDaemon(true);
            thread.setContextClassLoader(Threads.class.getClassLoader());
            return thread;
        };
    }

    /**
     * A pool whose threads end a second after their last task; a task that finds all threads busy runs on its caller.
     *
     * @param name of the threads
     * @param most threads at once
     * @return the pool
     */
    public static ThreadPoolExecutor shortLived(String name, int most) {
        ThreadPoolExecutor pool =
                new ThreadPoolExecutor(0, most, 1, TimeUnit.SECONDS, new SynchronousQueue<>(), named(name));
        pool.setRejectedExecutionHandler(new ThreadPoolExecutor.CallerRunsPolicy());
        return pool;
    }

    /**
     * @param name of the thread
     * @return a timer with one thread, which forgets cancelled tasks at once
     */
    public static ScheduledThreadPoolExecutor timer(String name) {
        ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(1, named(name));
        timer.setRemoveOnCancelPolicy(true);
        timer.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
        return timer;
    }
}
