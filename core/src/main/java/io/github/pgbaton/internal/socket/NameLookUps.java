package io.github.pgbaton.internal.socket;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * Waits for a name server no longer than a caller has time, which the JDK's own look-up does; of one name there is one
 * look-up under way at most, however many ask.
 *
 * <p>A look-up that hangs cannot be ended, by no interrupt and no closing of a socket: it keeps its thread, and its
 * caller goes on. What it found is left to the JDK, which remembers it for whoever dials next. Thread-safe.
 */
public final class NameLookUps {
    private static final int THREADS = 16;

    /** Until a thread may be there that was not a moment ago. */
    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

    private final ThreadPoolExecutor threads;
    private final ConcurrentMap<String, LookUp> underWay = new ConcurrentHashMap<>();

    /** One look-up for all who ask for its name: over at once where no thread was there to begin it. */
    private static final class LookUp {
        final CountDownLatch over = new CountDownLatch(1);
        volatile boolean begun = true;
    }

    /** @param cluster names the threads */
    public NameLookUps(String cluster) {
        this(Threads.shortLived("pgbaton-lookup-" + cluster, THREADS));
    }

    NameLookUps(ThreadPoolExecutor threads) {
        this.threads = threads;
        // Never on the caller's thread, for that is what would hang.
        threads.setRejectedExecutionHandler(new ThreadPoolExecutor.AbortPolicy());
    }

    /**
     * Waits until the JDK knows the name, or that there is none; not at all for a numeric address.
     *
     * @param host to be dialled next
     * @param limit how long the caller waits
     * @return false where the name server has not answered in time
     * @throws InterruptedException where the caller is interrupted meanwhile
     */
    public boolean await(String host, Duration limit) throws InterruptedException {
        if (isNumeric(host)) {
            return true;
        }
        long end = System.nanoTime() + limit.toNanos();
        while (true) {
            LookUp lookUp = lookUp(host);
            if (!lookUp.over.await(end - System.nanoTime(), TimeUnit.NANOSECONDS)) {
                return false;
            }
            if (lookUp.begun) {
                return true;
            }
            // Nobody looks it up, so nobody would end the wait: it is begun anew as soon as there is a thread.
            TimeUnit.NANOSECONDS.sleep(Math.min(end - System.nanoTime(), PAUSE_NANOS));
            if (end - System.nanoTime() <= 0) {
                return false;
            }
        }
    }

    private LookUp lookUp(String host) {
        LookUp mine = new LookUp();
        LookUp others = underWay.putIfAbsent(host, mine);
        if (others != null) {
            return others;
        }
        try {
            threads.execute(() -> {
                try {
                    InetAddress.getAllByName(host);
                } catch (UnknownHostException e) {
                    // Whoever dials it next is told so by the JDK.
                } finally {
                    underWay.remove(host, mine);
                    mine.over.countDown();
                }
            });
        } catch (RejectedExecutionException | OutOfMemoryError e) {
            // All threads hang in other names, or none can be had. After the end what is to be opened is refused
            // anyway.
            mine.begun = threads.isShutdown();
            underWay.remove(host, mine);
            mine.over.countDown();
        }
        return mine;
    }

    /** An IPv6 address has a colon; what has only digits and dots is one of IPv4, or refused without being asked for. */
    private static boolean isNumeric(String host) {
        return host.indexOf(':') >= 0 || host.chars().allMatch(c -> c == '.' || (c >= '0' && c <= '9'));
    }

    /** Begins no further look-up; one that hangs keeps its daemon thread until it is answered. */
    public void close() {
        threads.shutdown();
    }
}
