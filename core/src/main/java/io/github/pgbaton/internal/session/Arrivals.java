package io.github.pgbaton.internal.session;

import io.github.pgbaton.internal.probe.OpenSession;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * The sessions that are being made fit to take the place of the one that a connection holds: once the connection is closed,
 * no call on any of them goes on. Thread-safe.
 */
final class Arrivals {
    /** Two at the most: a mover may be at one while the user has come back and is at another. */
    private final List<OpenSession> sessions = new CopyOnWriteArrayList<>();

    private volatile boolean closed;

    /** As long as it is open, SQL may be run on the session. */
    interface Arrival extends AutoCloseable {
        @Override
        void close();
    }

    Arrival of(OpenSession fresh) {
        sessions.add(fresh);
        if (closed) {
            // Whoever closed the connection may have come before there was anything to break.
            fresh.socket().abort();
        }
        return () -> sessions.remove(fresh);
    }

    /** By any thread: a lock that is waited for there would hold its caller as long as it likes. */
    void close() {
        closed = true;
        sessions.forEach(session -> session.socket().abort());
    }

    boolean closed() {
        return closed;
    }
}
