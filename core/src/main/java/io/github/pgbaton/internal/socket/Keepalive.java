package io.github.pgbaton.internal.socket;

import java.io.IOException;
import java.net.Socket;
import java.net.SocketOption;
import java.time.Duration;

/**
 * How soon the kernel finds out that a connection on which nothing comes has no other end any more; stateless, and where
 * the system has no such options its own times hold.
 *
 * <p>A firewall or a NAT that forgot a connection answers a new one, so {@code HangMonitor}'s knock cannot tell: only
 * bytes on the connection itself can. Linux would first send some after two hours.
 */
final class Keepalive {
    private static final int PROBES = 3;

    private Keepalive() {}

    /**
     * Sets the times of the probes; whether there are any is PgJDBC's {@code tcpKeepAlive}.
     *
     * @param threshold without a byte before the first one, and about as long again for three without an answer; zero
     *     for the system's own times
     */
    static void probe(Socket socket, Duration threshold) {
        if (threshold.isZero()) {
            return;
        }
        int idle = (int) Math.min(Math.max(1, threshold.toSeconds()), Short.MAX_VALUE);
        set(socket, "TCP_KEEPIDLE", idle);
        set(socket, "TCP_KEEPINTERVAL", Math.max(1, idle / PROBES));
        set(socket, "TCP_KEEPCOUNT", PROBES);
    }

    /** By name: the constants are in the module jdk.net, which a runtime image may be without. */
    @SuppressWarnings("unchecked")
    private static void set(Socket socket, String name, int value) {
        try {
            for (SocketOption<?> option : socket.supportedOptions()) {
                if (option.name().equals(name) && option.type() == Integer.class) {
                    socket.setOption((SocketOption<Integer>) option, value);
                }
            }
        } catch (IOException | UnsupportedOperationException e) {
            // Closed meanwhile, or refused: the system's own times hold.
        }
    }
}
