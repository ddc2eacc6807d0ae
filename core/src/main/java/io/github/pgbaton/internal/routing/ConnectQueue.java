package io.github.pgbaton.internal.routing;

import java.util.PriorityQueue;
import java.util.Queue;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;

/**
 * Lets a few sessions be opened at once, by rank, and those first whose callers have waited longest; whoever waits can be told
 * to look whether it still should.
 *
 * <p>Who opens a session that no call waits for has half of the places at most, and its turn after all whom a call waits for.
 *
 * <p>A thundering herd of handshakes would slow down the very primary that everybody waits for. Thread-safe. Each waiter
 * has a condition of its own, so that a place that becomes free wakes one thread and not hundreds.
 */
final class ConnectQueue {
    /** Who waits for the session, in the order in which they get it. */
    enum Rank {
        /** A connection that the application has: there may be a transaction on it, and others who wait for its end. */
        IN_USE,
        /** One that is being opened, on which nothing was begun. */
        CALLER,
        BACKGROUND
    }

    private static final class Ticket implements Comparable<Ticket> {
        private final Rank rank;
        private final long sinceNanos;
        private final long number;
        private final Condition called;
        private boolean admitted;

        private Ticket(Rank rank, long sinceNanos, long number, Condition called) {
            this.rank = rank;
            this.sinceNanos = sinceNanos;
            this.number = number;
            this.called = called;
        }

        @Override
        public int compareTo(Ticket other) {
            if (rank != other.rank) {
                return rank.compareTo(other.rank);
            }
            // By the difference, as System.nanoTime() may overflow.
            int longer = Long.signum(sinceNanos - other.sinceNanos);
            return longer != 0 ? longer : Long.compare(number, other.number);
        }
    }

    private final ReentrantLock lock = new ReentrantLock();
    private final Queue<Ticket> callers = new PriorityQueue<>();
    private final Queue<Ticket> background = new PriorityQueue<>();
    private int free;
    private int freeForBackground;
    private long tickets;
    private boolean shut;
    private boolean dissolved;

    private ConnectQueue(int limit, boolean shut) {
        this.free = limit;
        this.freeForBackground = Math.max(1, limit / 2);
        this.shut = shut;
    }

    ConnectQueue(int limit) {
        this(limit, false);
    }

    /** One that lets nobody in before {@link #open}. */
    static ConnectQueue shut(int limit) {
        return new ConnectQueue(limit, true);
    }

    /** As {@link #enter(Rank, long, long, BooleanSupplier)}, for what all calls wait for. */
    boolean enter(long sinceNanos, long nanos, BooleanSupplier givenUp) throws InterruptedException {
        return enter(Rank.IN_USE, sinceNanos, nanos, givenUp);
    }

    /**
     * Waits for a place; whoever gets one has to {@link #leave(Rank)}.
     *
     * @param rank of whoever waits
     * @param sinceNanos when its call began to wait, for whatever, in {@link System#nanoTime()}
     * @param nanos how long at the longest
     * @param givenUp whether it is no longer wanted; looked at when {@link #wake} is called
     * @return whether there is one
     */
    boolean enter(Rank rank, long sinceNanos, long nanos, BooleanSupplier givenUp) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            if (dissolved) {
                return true;
            }
            Queue<Ticket> waiting = rank == Rank.BACKGROUND ? background : callers;
            Ticket mine = new Ticket(rank, sinceNanos, tickets++, lock.newCondition());
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

    /** As {@link #leave(Rank)}, by whoever had the place for a call. */
    void leave() {
        leave(Rank.IN_USE);
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
        while ((free > 0 && !shut) || dissolved) {
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

    /** Lets those in whose turn it is. */
    void open() {
        lock.lock();
        try {
            shut = false;
            admit();
        } finally {
            lock.unlock();
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
