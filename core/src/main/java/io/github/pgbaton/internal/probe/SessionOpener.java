package io.github.pgbaton.internal.probe;

import io.github.pgbaton.config.ConnectionSpec;
import io.github.pgbaton.internal.socket.BatonSocketFactory;
import io.github.pgbaton.internal.socket.NameLookUps;
import io.github.pgbaton.internal.socket.RawSocket;
import io.github.pgbaton.internal.socket.SocketRegistry;
import io.github.pgbaton.topology.HostPort;
import java.lang.reflect.InvocationTargetException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketTimeoutException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
import java.util.Properties;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import javax.net.SocketFactory;
import org.jspecify.annotations.Nullable;
import org.postgresql.Driver;
import org.postgresql.PGProperty;
import org.postgresql.jdbc.PgConnection;
import org.postgresql.util.ObjectFactory;

/**
 * Opens PgJDBC connections, always to one host at a time and always with a deadline over TCP, TLS and authentication
 * together.
 *
 * <p>PgJDBC's own time-outs do not cover this: {@code connectTimeout} ends with TCP, and a frozen member completes TCP
 * in its kernel and then says nothing. Stateless but for what it was made with; thread-safe.
 */
public final class SessionOpener {
    private static final Driver DRIVER = new Driver();

    private final SocketRegistry registry;
    private final NameLookUps names;
    private final ScheduledExecutorService timer;
    private final Duration handshakeTimeout;

    /**
     * @param registry takes every socket
     * @param names waits for name servers
     * @param timer breaks attempts that take too long
     * @param handshakeTimeout for one attempt
     */
    public SessionOpener(
            SocketRegistry registry, NameLookUps names, ScheduledExecutorService timer, Duration handshakeTimeout) {
        this.registry = registry;
        this.names = names;
        this.timer = timer;
        this.handshakeTimeout = handshakeTimeout;
    }

    /**
     * Opens one session that is for the primary.
     *
     * @param address the member
     * @param spec the database and PgJDBC's properties, credentials included
     * @param deadline of the caller, which may be earlier than the handshake time-out
     * @return the session, of whatever role the member has
     * @throws SQLException PgJDBC's
     * @throws InterruptedException where the caller is interrupted, which says nothing of the member
     */
    public OpenSession open(HostPort address, ConnectionSpec spec, Deadline deadline)
            throws SQLException, InterruptedException {
        return open(address, spec, deadline, RawSocket.Purpose.PRIMARY);
    }

    /**
     * Opens one session.
     *
     * @param address the member
     * @param spec the database and PgJDBC's properties, credentials included
     * @param deadline of the caller, which may be earlier than the handshake time-out
     * @param purpose of its sockets
     * @return the session, of whatever role the member has
     * @throws SQLException PgJDBC's
     * @throws InterruptedException where the caller is interrupted, which says nothing of the member
     */
    public OpenSession open(HostPort address, ConnectionSpec spec, Deadline deadline, RawSocket.Purpose purpose)
            throws SQLException, InterruptedException {
        Properties own = spec.pgProperties();
        // A connection that lies idle behind a dead router is found dead by the kernel, hours earlier than by its user.
        own.putIfAbsent(PGProperty.TCP_KEEP_ALIVE.getName(), "true");
        // Patroni manages none that is older; without it, PgJDBC sets application_name in a round trip of its own.
        own.putIfAbsent(PGProperty.ASSUME_MIN_SERVER_VERSION.getName(), "9.3");
        Deadline whole = Deadline.in(deadline.left(handshakeTimeout));
        lookUp(address, whole);
        Duration limit = whole.left(handshakeTimeout);
        try (BatonSocketFactory.Opening opening =
                new BatonSocketFactory.Opening(registry, address, purpose, foreignFactory(own))) {
            opening.limit(limit);
            PGProperty.SOCKET_FACTORY.set(own, BatonSocketFactory.class.getName());
            PGProperty.SOCKET_FACTORY_ARG.set(own, opening.key());
            ScheduledFuture<?> watchdog = watch(opening, limit);
            boolean opened = false;
            try {
                Connection connection = connect(opening, address, spec, own);
                RawSocket socket = opening.socket();
                if (connection == null || socket == null) {
                    throw new SQLNonTransientConnectionException("PgJDBC opened no socket to " + address, "08001");
                }
                opened = true;
                return new OpenSession(connection.unwrap(PgConnection.class), socket, address);
            } catch (SQLException e) {
                if (!opening.aborted()) {
                    throw e;
                }
                // PgJDBC says "Socket closed", which is what the watchdog did and not why.
                SQLException timeout =
                        new SQLTransientConnectionException("no session within " + limit.toMillis() + " ms", "08001");
                timeout.addSuppressed(e);
                throw timeout;
            } finally {
                // Cancelled before the opening is marked done, or a late watchdog would break a good session.
                watchdog.cancel(false);
                RawSocket socket = opening.socket();
                if (!opened && socket != null) {
                    socket.abort();
                    registry.remove(socket);
                }
            }
        }
    }

    /** PgJDBC, and the socket below it, look the name up again without a deadline; then the JDK has it at hand. */
    private void lookUp(HostPort address, Deadline deadline) throws SQLException, InterruptedException {
        if (!names.await(address.host(), deadline.left(handshakeTimeout))) {
            throw new SQLTransientConnectionException(
                    "the name server has not answered for " + address.host() + " within "
                            + deadline.length().toMillis() + " ms",
                    "08001");
        }
    }

    /** PgJDBC dials one address of a name; where that one cannot be reached, the next has its turn. */
    private static @Nullable Connection connect(
            BatonSocketFactory.Opening opening, HostPort address, ConnectionSpec spec, Properties own)
            throws SQLException {
        while (true) {
            try {
                return DRIVER.connect(spec.pgUrl(address), own);
            } catch (SQLException e) {
                boolean unreachable = e.getCause() instanceof ConnectException
                        || e.getCause() instanceof NoRouteToHostException
                        || e.getCause() instanceof SocketTimeoutException;
                if (!unreachable || !opening.nextAddress()) {
                    throw e;
                }
            }
        }
    }

    private ScheduledFuture<?> watch(BatonSocketFactory.Opening opening, Duration limit) throws SQLException {
        try {
            // A millisecond later, so that an attempt cut short by the caller's deadline is seen to end after it.
            return timer.schedule(opening::abort, limit.toMillis() + 1, TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException e) {
            throw new SQLNonTransientConnectionException(
                    "the last connection of this cluster was closed meanwhile", "08003", e);
        }
    }

    private static @Nullable SocketFactory foreignFactory(Properties properties) throws SQLException {
        String name = PGProperty.SOCKET_FACTORY.getOrDefault(properties);
        if (name == null) {
            return null;
        }
        try {
            return ObjectFactory.instantiate(
                    SocketFactory.class,
                    name,
                    properties,
                    true,
                    PGProperty.SOCKET_FACTORY_ARG.getOrDefault(properties));
        } catch (ReflectiveOperationException | IllegalArgumentException e) {
            Throwable cause = e instanceof InvocationTargetException && e.getCause() != null ? e.getCause() : e;
            throw new SQLNonTransientConnectionException(
                    "socketFactory=" + name + " cannot be made; it needs a public constructor as PgJDBC asks for",
                    "22023",
                    cause);
        }
    }
}
