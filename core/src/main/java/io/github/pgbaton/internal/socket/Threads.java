package io.github.pgbaton.internal.socket;

import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.WeakHashMap;
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
    /** Interrupted, a thread of ours ends at once; one that waits for a name server does not, and nobody waits for that. */
    private static final Duration LAST_MOMENT = Duration.ofMillis(500);

    private Threads() {}

    private static final class Maker implements ThreadFactory {
        private final String name;
        private final AtomicInteger number = new AtomicInteger();
        private final Set<Thread> made = Collections.synchronizedSet(Collections.newSetFromMap(new WeakHashMap<>()));

        private Maker(String name) {
            this.name = name;
        }

        @Override
        public Thread newThread(Runnable task) {
            int n = number.incrementAndGet();
            Thread thread = new Thread(null, task, n == 1 ? name : name + "-" + n, 0, false);
            thread.setDaemon(true);
            thread.setContextClassLoader(Threads.class.getClassLoader());
            made.add(thread);
            return thread;
        }
    }

    /**
     * @param name of every thread, a number follows from the second on
     * @return a factory
     */
    public static ThreadFactory named(String name) {
        return new Maker(name);
    }

    /**
     * Ends a pool that was made here, and waits for its threads to be gone, half a second at the longest: whoever closed the
     * last connection may unload the classes that they run. Its own thread it does not wait for.
     */
    public static void end(ThreadPoolExecutor pool) {
        pool.shutdownNow();
        if (!(pool.getThreadFactory() instanceof Maker maker)) {
            return;
        }
        long end = System.nanoTime() + LAST_MOMENT.toNanos();
        try {
            for (Thread thread : List.copyOf(maker.made)) {
                // A pool that has ended has threads with a moment to live.
                if (thread != Thread.currentThread()) {
                    thread.join(Math.max(1, TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime())));
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
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
