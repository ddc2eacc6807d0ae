package io.github.pgbaton.etcd;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Waits for the end of the threads that gRPC and Netty share among all clients of one class loader: when the last source
 * is closed, and its class loader may be closed next, none of them is left.
 *
 * <p>gRPC lets go of them a second after the last channel, and then both still load classes. From a class loader that is
 * closed meanwhile, as a web container does it, they get none: gRPC panics before it has stopped Netty's threads, which
 * live on then, and with them the undeployed application. Of the class path of the JVM nobody takes anything away, and there
 * nobody waits. Thread-safe.
 */
final class SharedThreads {
    /** Twice what they take; longer only where the application has channels of its own, whose threads these are too. */
    private static final Duration LONGEST = Duration.ofSeconds(4);

    private static final long LOOK_MILLIS = 50;

    private static final AtomicInteger USERS = new AtomicInteger();

    private SharedThreads() {}

    static void used() {
        USERS.incrementAndGet();
    }

    /** To be called once for each {@link #used}, after all clients were closed. */
    static void released() {
        ClassLoader own = SharedThreads.class.getClassLoader();
        if (USERS.decrementAndGet() > 0 || own == ClassLoader.getSystemClassLoader()) {
            return;
        }
        long end = System.nanoTime() + LONGEST.toNanos();
        try {
            // Some are started while others end.
            for (List<Thread> left = left(own); !left.isEmpty(); left = left(own)) {
                for (Thread thread : left) {
                    // Another source that was opened meanwhile keeps them: whoever closes that one waits.
                    while (thread.isAlive()) {
                        long millis = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
                        if (millis <= 0 || USERS.get() > 0) {
                            return;
                        }
                        thread.join(Math.min(millis, LOOK_MILLIS));
                    }
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static List<Thread> left(ClassLoader own) {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("grpc-")
                        || thread.getClass().getName().startsWith("io.netty."))
                .filter(thread -> thread.getContextClassLoader() == own
                        || thread.getClass().getClassLoader() == own)
                .toList();
    }
}
