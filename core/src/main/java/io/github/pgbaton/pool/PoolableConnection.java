package io.github.pgbaton.pool;

import java.sql.SQLException;
import java.time.Duration;

/**
 * A connection whose session a pool replaces while it lies idle, so that the next borrower finds it on the primary; every
 * connection of pgbaton is one, to be had by {@code unwrap(PoolableConnection.class)}.
 *
 * <p>Without it a connection whose session is gone moves with the next call. {@code pgbaton-hikari} does what is needed for
 * HikariCP.
 */
public interface PoolableConnection {

    /** What became of an idle connection. */
    enum Reattachment {
        /** It has a session on the primary now. */
        MOVED,
        /** Its session seems to be alive, or it was closed: there was nothing to do. */
        NOT_NEEDED,
        /** Somebody uses it: it moves by itself, with the next call. */
        IN_USE,
        /**
         * Another session cannot be given all that this one had, or its last user left a transaction open: the next call
         * says so.
         */
        LEFT
    }

    /**
     * Says that a pool keeps this connection; to be called once, before it is used. From then on:
     *
     * <ul>
     *   <li>it lies idle from {@code clearWarnings}, {@code endRequest} or {@code setNetworkTimeout}, with which pools end
     *       what they or others do with it, to the next call but
     *       {@code isValid}, {@code setNetworkTimeout}, {@code clearWarnings}, {@code rollback} and {@code close}. Where an
     *       application calls one of them itself, nothing is wrong: its next call takes the connection back;
     *   <li>{@code isValid} between a {@code setNetworkTimeout} above 0 and the next use, as HikariCP asks it on borrow, is
     *       true also where the session is gone and the next call replaces it without anybody noticing. So a pool does not
     *       throw its connections away in an outage.
     * </ul>
     *
     * @param closed is run once, on the thread that closes or aborts the connection, and must not block; at once where it is
     *     closed already
     * @throws SQLException 08003 when closed
     */
    void pooled(Runnable closed) throws SQLException;

    /**
     * Replaces the session of an idle connection if it is gone; from any thread, for several connections at once if need be.
     * Looks at the socket, which takes about a millisecond. No more sessions are opened at once in this way than half of {@code
     * connectLimit}, those of all pools of this JVM together, and after those that a call waits for. Whoever wants to use the connection meanwhile is not kept waiting for a primary by this.
     *
     * @param timeout how long it waits for a primary, positive
     * @return what became of it
     * @throws SQLException 08001 without a primary in time; what PostgreSQL said where waiting cannot help. The connection is
     *     as it was
     */
    Reattachment reattach(Duration timeout) throws SQLException;
}
