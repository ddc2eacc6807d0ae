package io.github.pgbaton.internal.socket;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketTimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * A TCP socket that can be asked whether the other side has hung up, without losing a byte of what it sent.
 *
 * <p>A server that dies sends FIN or RST at once, and a client that only looks when it next writes learns it too late:
 * its statement is then under way and nobody can tell whether it ran. One byte read ahead tells it before.
 */
final class PeekableSocket extends Socket {
    /** The shortest time-out a socket read takes. */
    private static final int PEEK_MILLIS = 1;

    private final Runnable onClose;
    private final AddressChoice choice;
    private volatile @Nullable PeekableInput input;
    private volatile @Nullable OutputStream output;
    /** When the read or write under way began, 0 while there is none; written by the one thread that uses the session. */
    private volatile long waitingSince;

    PeekableSocket(AddressChoice choice, Runnable onClose) {
        this.choice = choice;
        this.onClose = onClose;
    }

    /** PgJDBC dials the first address of a name; this one dials the address whose turn it is. */
    @Override
    public void connect(SocketAddress endpoint, int timeoutMillis) throws IOException {
        if (endpoint instanceof InetSocketAddress inet) {
            InetSocketAddress chosen = choice.choose(inet);
            super.connect(chosen, choice.share(timeoutMillis));
        } else {
            super.connect(endpoint, timeoutMillis);
        }
    }

    @Override
    public InputStream getInputStream() throws IOException {
        PeekableInput known = input;
        if (known == null) {
            known = new PeekableInput(super.getInputStream());
            input = known;
        }
        return known;
    }

    @Override
    public OutputStream getOutputStream() throws IOException {
        OutputStream known = output;
        if (known == null) {
            known = new StampedOutput(super.getOutputStream());
            output = known;
        }
        return known;
    }

    long waitedNanos(long now) {
        long since = waitingSince;
        return since == 0 ? 0 : now - since;
    }

    private void stamp() {
        waitingSince = System.nanoTime() | 1;
    }

    @Override
    public void close() throws IOException {
        try {
            super.close();
        } finally {
            onClose.run();
        }
    }

    /** Only for the thread that would read next: a peek beside a running read would steal its byte. */
    RawSocket.Peek peek() {
        PeekableInput in = input;
        if (isClosed()) {
            return RawSocket.Peek.HUNG_UP;
        }
        if (in == null) {
            return RawSocket.Peek.QUIET;
        }
        try {
            int before = getSoTimeout();
            setSoTimeout(PEEK_MILLIS);
            try {
                return in.fill() && !in.endsInError() ? RawSocket.Peek.DATA : RawSocket.Peek.HUNG_UP;
            } catch (SocketTimeoutException e) {
                return RawSocket.Peek.QUIET;
            } finally {
                setSoTimeout(before);
            }
        } catch (IOException e) {
            return RawSocket.Peek.HUNG_UP;
        }
    }

    /** The socket's input with at most one byte read ahead. */
    private final class PeekableInput extends InputStream {
        private static final int NONE = -2;
        private final InputStream in;
        private int ahead = NONE;

        PeekableInput(InputStream in) {
            this.in = in;
        }

        /** Returns false at the end of the stream. */
        boolean fill() throws IOException {
            if (ahead == NONE) {
                ahead = in.read();
            }
            return ahead >= 0;
        }

        /**
         * Whether an error message waits that nobody asked for: PostgreSQL sends one only when it ends the session. A TLS
         * record never begins with this byte.
         */
        boolean endsInError() {
            return ahead == 'E';
        }

        @Override
        public int read() throws IOException {
            if (ahead == NONE) {
                stamp();
                try {
                    return in.read();
                } finally {
                    waitingSince = 0;
                }
            }
            int b = ahead;
            ahead = b < 0 ? b : NONE;
            return b;
        }

        @Override
        public int read(byte[] buffer, int offset, int length) throws IOException {
            if (ahead == NONE || length == 0) {
                stamp();
                try {
                    return in.read(buffer, offset, length);
                } finally {
                    waitingSince = 0;
                }
            }
            int b = read();
            if (b < 0) {
                return -1;
            }
            buffer[offset] = (byte) b;
            int more = length > 1 && in.available() > 0 ? in.read(buffer, offset + 1, length - 1) : 0;
            return 1 + Math.max(more, 0);
        }

        @Override
        public int available() throws IOException {
            return in.available() + (ahead >= 0 ? 1 : 0);
        }

        @Override
        public void close() throws IOException {
            in.close();
        }
    }

    /** The socket's output, stamped: a write to a server that takes nothing any more blocks as a read does. */
    private final class StampedOutput extends OutputStream {
        private final OutputStream out;

        StampedOutput(OutputStream out) {
            this.out = out;
        }

        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] buffer, int offset, int length) throws IOException {
            stamp();
            try {
                out.write(buffer, offset, length);
            } finally {
                waitingSince = 0;
            }
        }

        @Override
        public void flush() throws IOException {
            out.flush();
        }

        @Override
        public void close() throws IOException {
            out.close();
        }
    }
}
