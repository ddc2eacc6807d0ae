package io.github.pgbaton.internal.routing;

import io.github.pgbaton.internal.socket.RawSocket;
import io.github.pgbaton.internal.socket.SocketRegistry;
import io.github.pgbaton.topology.HostPort;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;

/**
 * The route of now, and whoever waits for another one: it is changed by one {@link Change} at a time, never goes back to
 * an older epoch, and nobody sleeps through a change.
 *
 * <p>Thread-safe. Its one lock is held for a few assignments, never over I/O: it is taken by who has news and by threads
 * that have no session, never on the path of a call that has one.
 */
final class CurrentRoute {
    /** Few enough for a small server to answer the first of them at once, and quick work for hundreds. */
    private static final int JOINING = 4;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final SocketRegistry sockets;
    private final FailoverLog log;
    private final int connectLimit;
    private volatile Route route = Route.NONE;
    private volatile ConnectQueue connects;
    private volatile ConnectQueue joins = ConnectQueue.shut(JOINING);
    private volatile boolean ended;

    CurrentRoute(SocketRegistry sockets, FailoverLog log, int connectLimit) {
        this.sockets = sockets;
        this.log = log;
        this.connectLimit = connectLimit;
        this.connects = new ConnectQueue(connectLimit);
    }

    Route now() {
        return route;
    }

    /** How many sessions are opened at once in this epoch, in the order in which they were asked for. */
    ConnectQueue connects() {
        return connects;
    }

    /**
     * Where sessions wait that were opened early: it opens when the epoch is proven, so that the few whose turn it is are woken
     * and nobody else is. Whoever comes out of it looks at the route again.
     */
    ConnectQueue joins() {
        return joins;
    }

    /** Takes the lock, which is released when the change is closed. */
    Change change() {
        lock.lock();
        return new Change();
    }

    /**
     * One change of the route: it is made under the lock, with all sockets marked that it dooms, and what takes longer
     * follows without: closing them, and writing the log.
     */
    final class Change implements AutoCloseable {
        private final List<RawSocket> doomed = new ArrayList<>();
        private final Route before = route;
        private boolean wakes;

        private Change() {}

        Route route() {
            return route;
        }

        /** Goes on in the same epoch. */
        void to(Route next) {
            route = next;
            wakes = true;
        }

        /** Begins another epoch. */
        void elected(Route next, String member, HostPort address) {
            to(next);
            // Its permits are its own: an opening that is stuck at the old leader takes none from the new one.
            ConnectQueue connecting = connects;
            connects = new ConnectQueue(connectLimit);
            // Whoever waits in an old queue goes on at once, and finds that the route is another one.
            connecting.dissolve();
            log.elected(member, address);
        }

        /** What PostgreSQL proved in this epoch counts no longer. */
        void unverified() {
            to(route.withVerified(false));
        }

        /** Wakes whoever waits, for something else than the route has changed. */
        void wakes() {
            wakes = true;
        }

        /** Dooms the primary's sockets to everybody else. */
        void breakAllBut(Set<HostPort> keep) {
            breaks(sockets.condemnAllBut(keep));
        }

        /** Dooms sockets that are marked already, so that whoever is woken finds them so. */
        void breaks(List<RawSocket> condemned) {
            breaksUntold(condemned);
            log.aborting(condemned.size());
        }

        /** As {@link #breaks}, where it is no part of a failover. */
        void breaksUntold(List<RawSocket> condemned) {
            doomed.addAll(condemned);
        }

        @Override
        public void close() {
            if (wakes) {
                changed.signalAll();
                tellJoining(before);
            }
            lock.unlock();
            sockets.abort(doomed);
            log.flush();
        }
    }

    /** Under the lock. */
    private void tellJoining(Route before) {
        Route now = route;
        ConnectQueue joining = joins;
        if (now.epoch() != before.epoch() || (before.verified() && !now.verified())) {
            joins = ConnectQueue.shut(JOINING);
            joining.dissolve();
        }
        if (now.verified()) {
            joins.open();
        } else {
            joins.wake();
        }
    }

    /** Waits until the route is another one, nobody wants it any more, or the time is up. */
    void awaitChange(Route seen, long nanos, BooleanSupplier abandoned) throws InterruptedException {
        long end = System.nanoTime() + nanos;
        await(() -> route == seen ? end - System.nanoTime() : 0, abandoned);
    }

    /**
     * Waits until nobody wants it any more, the tracker has ended, or there is nothing left to wait for.
     *
     * @param leftNanos how long to wait still, looked at again after each change; 0 and less: no longer
     * @param abandoned whether nobody wants it any more, looked at when {@link #wake} is called
     */
    void await(LongSupplier leftNanos, BooleanSupplier abandoned) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            while (!ended && !abandoned.getAsBoolean()) {
                long left = leftNanos.getAsLong();
                if (left <= 0) {
                    return;
                }
                changed.awaitNanos(left);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Makes everybody who waits for a change look whether it still should. */
    void wake() {
        lock.lock();
        try {
            changed.signalAll();
            if (!route.verified()) {
                joins.wake();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Whoever waits from now on gives up at once; {@link #wake} has to follow for those that wait already. */
    void end() {
        ended = true;
    }

    boolean ended() {
        return ended;
    }
}
