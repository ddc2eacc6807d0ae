package io.github.pgbaton.internal.socket;

import io.github.pgbaton.topology.HostPort;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The TCP socket under one PgJDBC connection, below any TLS; once aborted it stays aborted.
 *
 * <p>Abort goes to the raw socket because closing an {@code SSLSocket} waits for a thread that is blocked in a TLS write
 * (measured on JDK 17 and 25: neither returned in 5 s), while closing the raw one frees both at once.
 */
public final class RawSocket {

    /** What a look at an idle socket found. */
    public enum Peek {
        /** Nothing arrived: as good as alive. */
        QUIET,
        /** Bytes are waiting: a notification, a changed parameter, or under TLS the server's last words. */
        DATA,
        /** The other side closed or reset the connection, or said that it ends the session. */
        HUNG_UP
    }

    /** What a socket is for: it decides whether an election is a reason to break it. */
    public enum Purpose {
        /** To the primary; broken once another member leads. */
        PRIMARY,
        /** To a replica, or to ask a member how far it is; no election breaks it, for it sends no writes. */
        REPLICA
    }

    private final Socket socket;
    private final HostPort address;
    private final Purpose purpose;
    private volatile boolean aborted;
    private volatile @Nullable HostPort remote;

    RawSocket(Socket socket, HostPort address, Purpose purpose) {
        this.socket = socket;
        this.address = address;
        this.purpose = purpose;
    }

    /** @return what it is for */
    public Purpose purpose() {
        return purpose;
    }

    /** @return the member it was opened to, as dialled */
    public HostPort address() {
        return address;
    }

    /** @return the IP address and port it is connected to, null before that */
    public @Nullable HostPort remote() {
        HostPort known = remote;
        if (known == null && socket.getInetAddress() != null && socket.getPort() > 0) {
            known = new HostPort(socket.getInetAddress().getHostAddress(), socket.getPort());
            remote = known;
        }
        return known;
    }

    /** Whether it leads to any of the addresses, by the name that was dialled or by the IP address behind it. */
    boolean leadsTo(Set<HostPort> members) {
        HostPort ip = remote();
        return members.contains(address) || (ip != null && members.contains(ip));
    }

    /** Closes the socket under whoever uses it; any thread; returns without waiting for them. */
    public void abort() {
        aborted = true;
        try {
            socket.close();
        } catch (IOException e) {
            // Closed all the same: the descriptor is gone, and the reader and the writer are released.
        }
    }

    /** Says that an abort is on its way: {@link #aborted} is true from now on. */
    void condemn() {
        aborted = true;
    }

    /** @return whether {@link #abort} was called or is about to be; one volatile read */
    public boolean aborted() {
        return aborted;
    }

    /** How long a read or a write has been under way at that time; 0 where none is, or it cannot be told. */
    long waitedNanos(long now) {
        return socket instanceof PeekableSocket peekable ? peekable.waitedNanos(now) : 0;
    }

    /**
     * @param table of all connections
     * @return how often what was written here last was sent again, in vain until now
     */
    public int retransmissions(Retransmissions table) {
        InetAddress there = socket.getInetAddress();
        return there == null ? 0 : table.of(socket.getLocalPort(), there, socket.getPort());
    }

    /**
     * Looks whether the server hung up while the session was idle; takes a millisecond where nothing arrived.
     *
     * @return {@link Peek#QUIET} too where a foreign socket factory made the socket, which cannot be asked
     */
    public Peek peek() {
        if (aborted || socket.isClosed()) {
            return Peek.HUNG_UP;
        }
        return socket instanceof PeekableSocket peekable ? peekable.peek() : Peek.QUIET;
    }
}
