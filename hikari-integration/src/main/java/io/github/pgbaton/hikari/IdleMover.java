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

    /** After so many failures in a row the others would hardly fare better. */
    private static final int MOST_FAILURES = 3;

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
     * @param connectLimit of the cluster; more threads than half of it, which is all that the driver lets all pools together open
     *     at once, would only wait
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
                ThreadPoolExecutor now = executor();
                now.execute(() -> sweep(now));
                // Only now: where no thread can be had, the next event shall try again.
                sweeping = true;
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
        boolean over = false;
        try {
            do {
                move(new Round(all(), new AtomicInteger(), new AtomicInteger()), own);
                over = !begunAgain(own);
            } while (!over);
        } finally {
            if (!over) {
                // An Error: without this no later event would ever move anything.
                lock.lock();
                try {
                    sweeping &= executor != own;
                } finally {
                    lock.unlock();
                }
            }
        }
    }

    private Queue<PoolableConnection> all() {
        lock.lock();
        try {
            return new ConcurrentLinkedQueue<>(connections);
        } finally {
            lock.unlock();
        }
    }

    private boolean begunAgain(ThreadPoolExecutor own) {
        lock.lock();
        try {
            if (executor == own) {
                sweeping = again;
                again = false;
                return sweeping;
            }
            return false;
        } finally {
            lock.unlock();
        }
    }

    /**
     * What is moved at one event.
     *
     * @param left nobody has tried to move them yet
     * @param moved how many have been
     * @param failures in a row, of whatever connections
     */
    private record Round(Queue<PoolableConnection> left, AtomicInteger moved, AtomicInteger failures) {}

    /** Until none is left; the first that moves calls the others to help. */
    private void move(Round round, ThreadPoolExecutor own) {
        for (PoolableConnection next = round.left.poll(); next != null; next = round.left.poll()) {
            try {
                Reattachment result = patiently(next);
                round.failures.set(0);
                if (result == Reattachment.MOVED && round.moved.getAndIncrement() == 0) {
                    help(round, own);
                }
            } catch (SQLTransientConnectionException e) {
                LOG.debug("{}: idle connections stay where they are: {}", pool.get(), e.getMessage());
                round.left.clear();
            } catch (SQLException e) {
                LOG.debug("{}: an idle connection stays where it is: {}", pool.get(), e.getMessage());
                failed(round);
            } catch (RuntimeException e) {
                LOG.warn("{}: an idle connection stays where it is", pool.get(), e);
                failed(round);
            }
        }
    }

    /** What one connection cannot be given, another one may not need; a password that was changed is everybody's. */
    private static void failed(Round round) {
        if (round.failures.incrementAndGet() >= MOST_FAILURES) {
            round.left.clear();
        }
    }

    private void help(Round round, ThreadPoolExecutor own) {
        lock.lock();
        try {
            for (int i = 1; i < atOnce && executor == own; i++) {
                own.execute(() -> move(round, own));
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
