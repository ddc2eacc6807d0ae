package io.github.pgbaton.internal.probe;

import io.github.pgbaton.internal.socket.RawSocket;
import io.github.pgbaton.internal.socket.SocketRegistry;
import io.github.pgbaton.topology.HostPort;
import java.sql.SQLException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.postgresql.jdbc.PgConnection;

/** One PgJDBC connection together with the raw socket under it; breaking the socket never waits for whoever uses it. */
public final class OpenSession {
    /** A goodbye is a courtesy: a member that hangs must not make a close hang. */
    private static final long GOODBYE_MILLIS = 1000;

    private final PgConnection connection;
    private final RawSocket socket;
    private final HostPort address;
    private volatile @Nullable String systemIdentifier;

    OpenSession(PgConnection connection, RawSocket socket, HostPort address) {
        this.connection = connection;
        this.socket = socket;
        this.address = address;
    }

    /** @return PgJDBC's */
    public PgConnection connection() {
        return connection;
    }

    /** @return the one under it */
    public RawSocket socket() {
        return socket;
    }

    /** @return what was dialled */
    public HostPort address() {
        return address;
    }

    /**
     * @return of the cluster that its server belongs to, as it said once: a session stays with its server, unless a pooler is
     *     between them; null where it was not asked
     */
    public @Nullable String systemIdentifier() {
        return systemIdentifier;
    }

    /** @param standing what it said of itself, with nobody between */
    public void said(Standing standing) {
        systemIdentifier = standing.systemIdentifier();
    }

    /** @return whether it was opened to a replica */
    public boolean onReplica() {
        return socket.purpose() == RawSocket.Purpose.REPLICA;
    }

    /**
     * Says goodbye to the server and closes; breaks the socket where that takes longer than a second.
     *
     * @param registry that holds the socket
     * @param timer breaks it
     */
    public void close(SocketRegistry registry, ScheduledExecutorService timer) {
        ScheduledFuture<?> watchdog;
        try {
            watchdog = timer.schedule(socket::abort, GOODBYE_MILLIS, TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException e) {
            // The tracker has ended; nobody is left to bound a goodbye.
            discard(registry);
            return;
        }
        try {
            connection.close();
        } catch (SQLException e) {
            // The server is gone already; the socket goes below.
        } finally {
            watchdog.cancel(false);
            socket.abort();
            registry.remove(socket);
        }
    }

    /**
     * Drops a session that is known to be dead, without a word to the server.
     *
     * @param registry that holds the socket
     */
    public void discard(SocketRegistry registry) {
        socket.abort();
        registry.remove(socket);
        try {
            connection.close();
        } catch (SQLException e) {
            // Nothing is left to close.
        }
    }
}
