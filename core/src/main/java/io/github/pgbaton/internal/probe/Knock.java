package io.github.pgbaton.internal.probe;

import io.github.pgbaton.topology.HostPort;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Asks a member for a sign of life without credentials: PostgreSQL answers one byte to the question whether it offers
 * TLS, and a frozen one, whose kernel still completes TCP, does not. Stateless.
 */
public final class Knock {
    /** SSLRequest of PostgreSQL's protocol: its length, and the code 1234.5679. */
    private static final byte[] OFFERS_TLS =
            ByteBuffer.allocate(8).putInt(8).putInt(80877103).array();

    private Knock() {}

    /**
     * @param member to ask
     * @param timeout for TCP and again for the answer
     * @return null where it answered, else why it counts as silent
     */
    public static @Nullable String at(HostPort member, Duration timeout) {
        int millis = (int) timeout.toMillis();
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(member.host(), member.port()), millis);
            socket.setSoTimeout(millis);
            socket.getOutputStream().write(OFFERS_TLS);
            return socket.getInputStream().read() < 0 ? "it hung up" : null;
        } catch (IOException e) {
            return String.valueOf(e.getMessage());
        }
    }
}
