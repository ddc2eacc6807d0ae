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

    private final ThreadPoolExecutor threads;
    private final ConcurrentMap<String, CountDownLatch> underWay = new ConcurrentHashMap<>();

    /** @param cluster names the threads */
    public NameLookUps(String cluster) {
        threads = Threads.shortLived("pgbaton-lookup-" + cluster, THREADS);
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
        return isNumeric(host) || lookUp(host).await(limit.toNanos(), TimeUnit.NANOSECONDS);
    }

    private CountDownLatch lookUp(String host) {
        CountDownLatch mine = new CountDownLatch(1);
        CountDownLatch others = underWay.putIfAbsent(host, mine);
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
                    mine.countDown();
                }
            });
        } catch (RejectedExecutionException | OutOfMemoryError e) {
            // All threads hang in other names, or none can be had: its callers wait in vain, and the next begins anew.
            underWay.remove(host, mine);
            if (threads.isShutdown()) {
                mine.countDown(); // what is to be opened is refused in a moment
            }
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
