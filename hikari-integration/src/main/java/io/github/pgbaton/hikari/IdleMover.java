package io.github.pgbaton.hikari;

import io.github.pgbaton.event.FailoverEvent;
import io.github.pgbaton.event.FailoverListener;
import io.github.pgbaton.event.FailoverListeners;
import io.github.pgbaton.pool.PoolableConnection;
import io.github.pgbaton.pool.PoolableConnection.Reattachment;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives the idle connections of one pool sessions on the new primary after a change of leader; it listens, and has threads,
 * only while the pool has connections, so it ends with the last of them.
 *
 * <p>One thread waits for the primary on behalf of one connection; once that has moved, a few move the others.
 */
final class IdleMover implements FailoverListener {
    private static final Logger LOG = LoggerFactory.getLogger(IdleMover.class);

    /** Idle threads end after this. */
    private static final long LINGER_MILLIS = 1_000;

    /** More at once hardly end sooner, and the application's own calls want the primary's attention too. */
    private static final int MOST_AT_ONCE = 4;

    /** A primary that does not come in so many times {@code failoverTimeout} is announced by a later event. */
    private static final int MOST_WAITS = 5;

    private final Supplier<@Nullable String> pool;
    private final Duration failoverTimeout;
    private final int atOnce;
    private final AtomicInteger threads = new AtomicInteger();

    private final ReentrantLock lock = new ReentrantLock();
    /** Guarded by the lock, as all below. */
    private final Set<PoolableConnection> connections = new LinkedHashSet<>();

    private @Nullable ThreadPoolExecutor executor;
    private boolean sweeping;
    private boolean again;

    /**
     * @param pool its name, null until it has one
     * @param failoverTimeout how long to wait for a primary at a time
     * @param connectLimit of the cluster; half of it is left to the application
     */
    IdleMover(Supplier<@Nullable String> pool, Duration failoverTimeout, int connectLimit) {
        this.pool = pool;
        this.failoverTimeout = failoverTimeout;
        this.atOnce = Math.max(1, Math.min(MOST_AT_ONCE, connectLimit / 2));
    }

    /** @param connection that was just opened, and that nobody has used */
    void keep(PoolableConnection connection) throws SQLException {
        lock.lock();
        try {
            if (connections.isEmpty()) {
                FailoverListeners.add(this);
            }
            connections.add(connection);
        } finally {
            lock.unlock();
        }
        try {
            connection.pooled(() -> closed(connection));
        } catch (SQLException e) {
            closed(connection);
            throw e;
        }
    }

    private void closed(PoolableConnection connection) {
        ThreadPoolExecutor last = null;
        lock.lock();
        try {
            connections.remove(connection);
            if (connections.isEmpty()) {
                FailoverListeners.remove(this);
                last = executor;
                executor = null;
                sweeping = false;
                again = false;
            }
        } finally {
            lock.unlock();
        }
        if (last != null) {
            last.shutdownNow();
        }
    }

    /** Of whatever cluster: a look at connections that need nothing costs next to nothing. */
    @Override
    public void on(FailoverEvent event) {
        if (event instanceof FailoverEvent.LeaderElected
                || event instanceof FailoverEvent.PrimaryWritable
                || event instanceof FailoverEvent.SessionsAborted) {
            start();
        }
    }

    private void start() {
        lock.lock();
        try {
            if (sweeping) {
                again = true;
            } else if (!connections.isEmpty()) {
                sweeping = true;
                ThreadPoolExecutor now = executor();
                now.execute(() -> sweep(now));
            }
        } finally {
            lock.unlock();
        }
    }

    private ThreadPoolExecutor executor() {
        ThreadPoolExecutor now = executor;
        if (now == null) {
            now = new ThreadPoolExecutor(
                    atOnce, atOnce, LINGER_MILLIS, TimeUnit.MILLISECONDS, new LinkedBlockingQueue<>(), this::thread);
            now.allowCoreThreadTimeOut(true);
            executor = now;
        }
        return now;
    }

    /** Inherits no thread-locals and no class loader of whoever caused the event. */
    private Thread thread(Runnable work) {
        Thread thread =
                new Thread(null, work, "pgbaton-hikari-" + pool.get() + "-" + threads.incrementAndGet(), 0, false);
        thread.setContextClassLoader(IdleMover.class.getClassLoader());
        thread.setDaemon(true);
        return thread;
    }

    private void sweep(ThreadPoolExecutor own) {
        while (true) {
            Queue<PoolableConnection> left;
            lock.lock();
            try {
                left = new ConcurrentLinkedQueue<>(connections);
            } finally {
                lock.unlock();
            }
            AtomicInteger moved = new AtomicInteger();
            move(left, moved, own);
            lock.lock();
            try {
                if (executor != own) {
                    return;
                }
                if (!again) {
                    sweeping = false;
                    return;
                }
                again = false;
            } finally {
                lock.unlock();
            }
        }
    }

    /** Until none is left; the first that moves calls the others to help. */
    private void move(Queue<PoolableConnection> left, AtomicInteger moved, ThreadPoolExecutor own) {
        for (PoolableConnection next = left.poll(); next != null; next = left.poll()) {
            Reattachment result;
            try {
                result = patiently(next);
            } catch (SQLException e) {
                LOG.debug("{}: idle connections stay where they are: {}", pool.get(), e.getMessage());
                left.clear();
                return;
            }
            if (result == Reattachment.MOVED && moved.getAndIncrement() == 0) {
                help(left, moved, own);
            }
        }
    }

    private void help(Queue<PoolableConnection> left, AtomicInteger moved, ThreadPoolExecutor own) {
        lock.lock();
        try {
            for (int i = 1; i < atOnce && executor == own; i++) {
                own.execute(() -> move(left, moved, own));
            }
        } finally {
            lock.unlock();
        }
    }

    private Reattachment patiently(PoolableConnection connection) throws SQLException {
        for (int wait = 1; ; wait++) {
            try {
                return connection.reattach(failoverTimeout);
            } catch (SQLTransientConnectionException e) {
                if (wait == MOST_WAITS || Thread.currentThread().isInterrupted()) {
                    throw e;
                }
            }
        }
    }
}
