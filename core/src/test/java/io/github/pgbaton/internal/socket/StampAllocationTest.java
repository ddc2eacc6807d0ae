package io.github.pgbaton.internal.socket;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import org.junit.jupiter.api.Test;

/** What finds silent members costs a call that returns quickly two time stamps, and no memory. */
class StampAllocationTest {
    private static final int CALLS = 20_000;
    private static final long TOLERANCE_BYTES = 512;
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    @Test
    void readsAndWritesAllocateWhatAPlainSocketsDo() throws Exception {
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            long plain = bytes(server, new Socket());
            long ours = bytes(server, new PeekableSocket(new AddressChoice(), () -> {}));
            assertThat(ours).isLessThanOrEqualTo(plain + TOLERANCE_BYTES);
        }
    }

    private static long bytes(ServerSocket server, Socket socket) throws IOException {
        try (socket) {
            socket.connect(server.getLocalSocketAddress(), 5000);
            try (Socket other = server.accept()) {
                byte[] buffer = new byte[16];
                // The first round compiles and initialises, the second is measured.
                exchange(socket, other, buffer);
                long before =
                        THREADS.getThreadAllocatedBytes(Thread.currentThread().getId());
                exchange(socket, other, buffer);
                return THREADS.getThreadAllocatedBytes(Thread.currentThread().getId()) - before;
            }
        }
    }

    /** Writes and reads on the one, and lets the other echo. */
    private static void exchange(Socket socket, Socket other, byte[] buffer) throws IOException {
        for (int i = 0; i < CALLS; i++) {
            socket.getOutputStream().write(buffer, 0, buffer.length);
            other.getOutputStream().write(buffer, 0, other.getInputStream().read(buffer));
            if (socket.getInputStream().read(buffer, 0, buffer.length) < 0) {
                throw new IOException("the other side hung up");
            }
        }
    }
}
