package io.github.pgbaton.benchmarks.abort;

import io.github.pgbaton.internal.socket.BatonSocketFactory;
import io.github.pgbaton.internal.socket.RawSocket;
import io.github.pgbaton.internal.socket.SocketRegistry;
import io.github.pgbaton.testkit.SilentTlsPeer;
import io.github.pgbaton.topology.HostPort;
import java.io.IOException;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;

/** Threads that read from and write to a peer that does neither, each on a TLS socket of its own below which lies one of pgbaton's. */
final class BlockedCallers implements AutoCloseable {
    private static final int BUFFER = 16 * 1024;
    private static final Duration STILL = Duration.ofMillis(500);

    private final SilentTlsPeer peer;
    private final SocketRegistry registry;
    private final List<Thread> threads = new ArrayList<>();
    private final AtomicLong written = new AtomicLong();
    private final AtomicLong lastReleased = new AtomicLong();
    private @Nullable CountDownLatch blocked;

    BlockedCallers(SilentTlsPeer peer, SocketRegistry registry) {
        this.peer = peer;
        this.registry = registry;
    }

    /** Returns when all are blocked: all have begun, and no byte has been taken for half a second. */
    void block(int writers, int readers, Duration patience) throws IOException, InterruptedException {
        CountDownLatch begun = new CountDownLatch(writers + readers);
        blocked = new CountDownLatch(writers + readers);
        for (int i = 0; i < writers + readers; i++) {
            start(open(), i < writers, begun, blocked);
        }
        long end = System.nanoTime() + patience.toNanos();
        if (!begun.await(patience.toMillis(), TimeUnit.MILLISECONDS)) {
            throw new IllegalStateException("not all callers have begun within " + patience);
        }
        for (long before = -1; before != written.get(); ) {
            if (System.nanoTime() - end > 0) {
                throw new IllegalStateException("the peer still takes bytes after " + patience);
            }
            before = written.get();
            Thread.sleep(STILL.toMillis());
        }
    }

    /** When the last one was released, in {@link System#nanoTime}. */
    long awaitReleased(Duration patience) throws InterruptedException {
        if (blocked == null || !blocked.await(patience.toMillis(), TimeUnit.MILLISECONDS)) {
            throw new IllegalStateException("not all callers were released within " + patience);
        }
        return lastReleased.get();
    }

    private SSLSocket open() throws IOException {
        HostPort address = new HostPort(
                peer.address().getAddress().getHostAddress(), peer.address().getPort());
        try (BatonSocketFactory.Opening opening =
                new BatonSocketFactory.Opening(registry, address, RawSocket.Purpose.PRIMARY, null)) {
            Socket raw = new BatonSocketFactory(opening.key()).createSocket();
            raw.setSendBufferSize(BUFFER);
            raw.connect(peer.address(), 10_000);
            return peer.handshake(raw);
        }
    }

    private void start(SSLSocket socket, boolean writes, CountDownLatch begun, CountDownLatch released) {
        Thread thread = new Thread(
                () -> {
                    begun.countDown();
                    try {
                        while (writes) {
                            socket.getOutputStream().write(new byte[BUFFER]);
                            written.addAndGet(BUFFER);
                        }
                        while (socket.getInputStream().read() >= 0) {
                            // The peer says nothing.
                        }
                    } catch (IOException e) {
                        // The release.
                    }
                    lastReleased.accumulateAndGet(System.nanoTime(), Math::max);
                    released.countDown();
                },
                "blocked-in-tls-" + (writes ? "write" : "read"));
        thread.setDaemon(true);
        threads.add(thread);
        thread.start();
    }

    @Override
    public void close() {
        threads.forEach(Thread::interrupt);
    }
}
