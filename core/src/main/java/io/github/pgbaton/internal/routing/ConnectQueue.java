package io.github.pgbaton.internal.routing;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;

/**
 * Lets a few sessions be opened at once, in the order in which they were asked for; whoever waits can be told to look
 * whether it still should.
 *
 * <p>A thundering herd of handshakes would slow down the very primary that everybody waits for. Thread-safe. Each waiter
 * has a condition of its own, so that a place that becomes free wakes one thread and not hundreds.
 */
final class ConnectQueue {
    private static final class Ticket {
        private final Condition called;
        private boolean admitted;

        private Ticket(Condition called) {
            this.called = called;
        }
    }

    private final ReentrantLock lock = new ReentrantLock();
    private final Deque<Ticket> waiting = new ArrayDeque<>();
    private int free;
    private boolean dissolved;

    ConnectQueue(int limit) {
        this.free = limit;
    }

    /**
     * Waits for a place; whoever gets one has to {@link #leave}.
     *
     * @param nanos how long at the longest
     * @param givenUp whether it is no longer wanted; looked at when {@link #wake} is called
     * @return whether there is one
     */
    boolean enter(long nanos, BooleanSupplier givenUp) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            if (dissolved) {
                return true;
            }
            if (free > 0 && waiting.isEmpty()) {
                free--;
                return true;
            }
            Ticket mine = new Ticket(lock.newCondition());
            waiting.add(mine);
            try {
                for (long left = nanos; !mine.admitted && !givenUp.getAsBoolean() && left > 0; ) {
                    left = mine.called.awaitNanos(left);
                }
                return mine.admitted;
            } catch (InterruptedException e) {
                if (mine.admitted) {
                    leave();
                }
                throw e;
            } finally {
                if (!mine.admitted) {
                    waiting.remove(mine);
                }
            }
        } finally {
            lock.unlock();
        }
    }

    /** Gives a place to whoever has waited longest. */
    void leave() {
        lock.lock();
        try {
            Ticket next = waiting.poll();
            if (next == null) {
                free++;
            } else {
                next.admitted = true;
                next.called.signal();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Whether others wait for a place. */
    boolean crowded() {
        lock.lock();
        try {
            return !waiting.isEmpty();
        } finally {
            lock.unlock();
        }
    }

    /** Makes everybody who waits look whether they still should. */
    void wake() {
        lock.lock();
        try {
            waiting.forEach(ticket -> ticket.called.signal());
        } finally {
            lock.unlock();
        }
    }

    /** Lets everybody go on at once: what they waited for is no longer to be had. */
    void dissolve() {
        lock.lock();
        try {
            dissolved = true;
            while (!waiting.isEmpty()) {
                leave();
            }
        } finally {
            lock.unlock();
        }
    }
}
