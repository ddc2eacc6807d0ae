package io.github.pgbaton.scripted;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.SocketFactory;

/**
 * Stands for what no deadline of the driver reaches, as the look-up of a host name: connecting to a port that a test names
 * blocks until the test lets it go, whatever closes the socket meanwhile.
 */
public final class StuckSocketFactory extends SocketFactory {
    private static final Map<Integer, Place> PLACES = new ConcurrentHashMap<>();

    /** Where connecting is stuck, for the first so many attempts. */
    public static final class Place implements AutoCloseable {
        private final int port;
        private final int most;
        private final AtomicInteger attempts = new AtomicInteger();
        private final CountDownLatch open = new CountDownLatch(1);

        private Place(int port, int most) {
            this.port = port;
            this.most = most;
        }

        /** How many attempts there were, stuck or not. */
        public int attempts() {
            return attempts.get();
        }

        @Override
        public void close() {
            PLACES.remove(port);
            open.countDown();
        }
    }

    /** Lets the first so many attempts to connect to this server be stuck. */
    public static Place at(ScriptedPostgres server, int most) {
        Place place = new Place(server.address().port(), most);
        PLACES.put(place.port, place);
        return place;
    }

    /** What a URL needs, so that this factory makes its sockets. */
    public static String parameter() {
        return "socketFactory=" + StuckSocketFactory.class.getName();
    }

    @Override
    public Socket createSocket() {
        return new Socket() {
            @Override
            public void connect(SocketAddress endpoint, int timeout) throws IOException {
                Place place = PLACES.get(((InetSocketAddress) endpoint).getPort());
                if (place != null && place.attempts.incrementAndGet() <= place.most) {
                    try {
                        place.open.await();
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                        throw new InterruptedIOException();
                    }
                }
                super.connect(endpoint, timeout);
            }
        };
    }

    @Override
    public Socket createSocket(String host, int port) throws IOException {
        throw new IOException("unconnected sockets only");
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
}
