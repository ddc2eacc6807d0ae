package io.github.pgbaton.internal.socket;

import io.github.pgbaton.topology.HostPort;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicLong;
import javax.net.SocketFactory;
import org.jspecify.annotations.Nullable;

/**
 * The socket factory that PgJDBC instantiates by name for one connection, so that pgbaton holds the raw socket under it;
 * every socket it makes is in the {@link SocketRegistry} before it connects.
 *
 * <p>PgJDBC gives a factory one string, {@code socketFactoryArg}: ours is the key of an {@link Opening} that waits here
 * while the connection is being opened. The instance lives on in the connection and makes its cancel-request sockets
 * too, which are registered but are not the session's.
 */
public final class BatonSocketFactory extends SocketFactory {
    private static final ConcurrentMap<String, Opening> OPENINGS = new ConcurrentHashMap<>();
    private static final AtomicLong KEYS = new AtomicLong();

    private final Opening opening;

    /** @param key of an opening in progress */
    public BatonSocketFactory(String key) {
        Opening known = OPENINGS.get(key);
        if (known == null) {
            throw new IllegalArgumentException("BatonSocketFactory is for pgbaton's own use");
        }
        opening = known;
    }

    @Override
    public Socket createSocket() throws IOException {
        return opening.create();
    }

    @Override
    public Socket createSocket(String host, int port) throws IOException {
        throw new IOException("PgJDBC opens unconnected sockets only");
    }

    @Override
    public Socket createSocket(String host, int port, InetAddress local, int localPort) throws IOException {
        return createSocket(host, port);
    }

    @Override
    public Socket createSocket(InetAddress host, int port) throws IOException {
        return createSocket(host.getHostAddress(), port);
    }

    @Override
    public Socket createSocket(InetAddress host, int port, InetAddress local, int localPort) throws IOException {
        return createSocket(host, port);
    }

    /** One attempt to open a session: from before the first socket until PgJDBC has returned. */
    public static final class Opening implements AutoCloseable {
        private final String key = Long.toString(KEYS.incrementAndGet());
        private final SocketRegistry registry;
        private final HostPort address;
        private final RawSocket.Purpose purpose;
        private final @Nullable SocketFactory foreign;
        private final AddressChoice choice = new AddressChoice();
        private volatile boolean done;
        private volatile boolean aborted;
        private volatile @Nullable RawSocket session;

        /**
         * @param registry takes the sockets
         * @param address where they go
         * @param purpose of theirs
         * @param foreign the application's own socket factory, null for plain sockets
         */
        public Opening(
                SocketRegistry registry, HostPort address, RawSocket.Purpose purpose, @Nullable SocketFactory foreign) {
            this.registry = registry;
            this.address = address;
            this.purpose = purpose;
            this.foreign = foreign;
            OPENINGS.put(key, this);
        }

        /** @return what to give PgJDBC as {@code socketFactoryArg} */
        public String key() {
            return key;
        }

        /** @return the session's socket: the last one made, since PgJDBC dials again when TLS or GSS is refused */
        public @Nullable RawSocket socket() {
            return session;
        }

        /** Breaks the attempt wherever it is; any thread. */
        public void abort() {
            aborted = true;
            RawSocket socket = session;
            if (socket != null && !done) {
                socket.abort();
            }
        }

        /** @return whether {@link #abort} broke the attempt */
        public boolean aborted() {
            return aborted;
        }

        /** @param whole time for the attempt; an address that swallows packets gets its share of it */
        public void limit(Duration whole) {
            choice.limit(whole);
        }

        /**
         * Goes on to the next address of the host's name, after the one before could not be reached.
         *
         * @return false where all have been tried
         */
        public boolean nextAddress() {
            return !aborted && choice.next();
        }

        /** PgJDBC has returned: sockets made from now on are cancel requests. */
        @Override
        public void close() {
            done = true;
            OPENINGS.remove(key);
        }

        private Socket create() throws IOException {
            if (aborted && !done) {
                throw new IOException("opening the session was given up");
            }
            RawSocket raw;
            Socket socket;
            if (foreign == null) {
                Holder holder = new Holder();
                socket = new PeekableSocket(choice, () -> {
                    RawSocket closed = holder.raw;
                    if (closed != null) {
                        registry.remove(closed);
                    }
                });
                raw = new RawSocket(socket, address, purpose);
                holder.raw = raw;
                Keepalive.probe(socket, registry.silence());
            } else {
                socket = foreign.createSocket();
                raw = new RawSocket(socket, address, purpose);
            }
            if (!done) {
                session = raw;
                registry.add(raw);
                if (aborted) {
                    raw.abort();
                }
            } else if (foreign == null) {
                registry.add(raw);
            }
            return socket;
        }
    }

    /** Lets a socket's close find the handle that was made around it. */
    private static final class Holder {
        private volatile @Nullable RawSocket raw;
    }
}
