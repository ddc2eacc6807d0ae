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
 * <p>Who opens a session that no call waits for has half of the places at most, and its turn after all whom a call waits for.
 *
 * <p>A thundering herd of handshakes would slow down the very primary that everybody waits for. Thread-safe. Each waiter
 * has a condition of its own, so that a place that becomes free wakes one thread and not hundreds.
 */
final class ConnectQueue {
    /** Whether somebody waits for the session. */
    enum Rank {
        CALLER,
        BACKGROUND
    }

    private static final class Ticket {
        private final Rank rank;
        private final Condition called;
        private boolean admitted;

        private Ticket(Rank rank, Condition called) {
            this.rank = rank;
            this.called = called;
        }
    }

    private final ReentrantLock lock = new ReentrantLock();
    private final Deque<Ticket> callers = new ArrayDeque<>();
    private final Deque<Ticket> background = new ArrayDeque<>();
    private int free;
    private int freeForBackground;
    private boolean dissolved;

    ConnectQueue(int limit) {
        this.free = limit;
        this.freeForBackground = Math.max(1, limit / 2);
    }

    /** As {@link #enter(Rank, long, BooleanSupplier)}, for a call. */
    boolean enter(long nanos, BooleanSupplier givenUp) throws InterruptedException {
        return enter(Rank.CALLER, nanos, givenUp);
    }

    /**
     * Waits for a place; whoever gets one has to {@link #leave(Rank)}.
     *
     * @param rank of whoever waits
     * @param nanos how long at the longest
     * @param givenUp whether it is no longer wanted; looked at when {@link #wake} is called
     * @return whether there is one
     */
    boolean enter(Rank rank, long nanos, BooleanSupplier givenUp) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            if (dissolved) {
                return true;
            }
            Deque<Ticket> waiting = rank == Rank.CALLER ? callers : background;
            Ticket mine = new Ticket(rank, lock.newCondition());
            waiting.add(mine);
            admit();
            try {
                for (long left = nanos; !mine.admitted && !givenUp.getAsBoolean() && left > 0; ) {
                    left = mine.called.awaitNanos(left);
                }
                return mine.admitted;
            } catch (InterruptedException e) {
                if (mine.admitted) {
                    leave(rank);
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

    /** As {@link #leave(Rank)}, by a call. */
    void leave() {
        leave(Rank.CALLER);
    }

    /** Gives the place to whoever has waited longest. */
    void leave(Rank rank) {
        lock.lock();
        try {
            free++;
            if (rank == Rank.BACKGROUND) {
                freeForBackground++;
            }
            admit();
        } finally {
            lock.unlock();
        }
    }

    private void admit() {
        while (free > 0 || dissolved) {
            Ticket next = callers.poll();
            if (next == null && (freeForBackground > 0 || dissolved)) {
                next = background.poll();
            }
            if (next == null) {
                return;
            }
            free--;
            if (next.rank == Rank.BACKGROUND) {
                freeForBackground--;
            }
            next.admitted = true;
            next.called.signal();
        }
    }

    /** Whether others wait for a place. */
    boolean crowded() {
        lock.lock();
        try {
            return !callers.isEmpty() || !background.isEmpty();
        } finally {
            lock.unlock();
        }
    }

    /** Makes everybody who waits look whether they still should. */
    void wake() {
        lock.lock();
        try {
            callers.forEach(ticket -> ticket.called.signal());
            background.forEach(ticket -> ticket.called.signal());
        } finally {
            lock.unlock();
        }
    }

    /** Lets everybody go on at once: what they waited for is no longer to be had. */
    void dissolve() {
        lock.lock();
        try {
            dissolved = true;
            admit();
        } finally {
            lock.unlock();
        }
    }
}
