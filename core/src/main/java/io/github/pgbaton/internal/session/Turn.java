package io.github.pgbaton.internal.session;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Whose turn it is on a connection: its user's, nobody's once it was left, or for a moment another thread's that looks at it
 * or moves it; the user takes it back with the next call, at the cost of one volatile read where it was not left.
 *
 * <p>That it was left is a hint and no promise: the user may go on as if nothing had been said.
 */
final class Turn {
    private static final int USERS = 0;
    private static final int NOBODYS = 1;
    private static final int BORROWED = 2;

    private final AtomicInteger turn = new AtomicInteger(USERS);
    /** Held by whoever has borrowed it, for the user to wait on; never over the opening of a session. */
    private final ReentrantLock borrowing = new ReentrantLock();

    private volatile boolean awaited;

    boolean isUsers() {
        return turn.get() == USERS;
    }

    /** By the user: what it did is seen by whoever borrows the turn. */
    void leave() {
        if (turn.get() == USERS) {
            turn.setRelease(NOBODYS);
        }
    }

    /** By the user: waits for whoever has borrowed it. */
    void takeBack() {
        while (turn.get() != USERS && !turn.compareAndSet(NOBODYS, USERS)) {
            borrowing.lock();
            borrowing.unlock();
        }
    }

    /** By any other thread; {@link #giveBack} must follow, soon, where it returns true. */
    boolean borrow() {
        borrowing.lock();
        if (turn.compareAndSet(NOBODYS, BORROWED)) {
            return true;
        }
        borrowing.unlock();
        return false;
    }

    void giveBack() {
        turn.set(NOBODYS);
        borrowing.unlock();
    }

    /** Whether another thread waits for something on behalf of this connection, and would like to know of its use. */
    boolean awaited() {
        return awaited;
    }

    void awaited(boolean value) {
        awaited = value;
    }
}
