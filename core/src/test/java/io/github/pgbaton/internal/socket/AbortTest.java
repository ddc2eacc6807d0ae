package io.github.pgbaton.internal.socket;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.testkit.SilentTlsPeer;
import io.github.pgbaton.topology.HostPort;
import java.io.IOException;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Callers that are blocked in TLS, in both directions, on a member that neither reads nor writes any more. */
class AbortTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final int SOCKETS = 40;

    private SilentTlsPeer peer;
    private SocketRegistry registry;
    private final List<SSLSocket> sockets = new ArrayList<>();
    private final List<RawSocket> raw = new ArrayList<>();

    @BeforeEach
    void open() throws Exception {
        peer = SilentTlsPeer.start(SOCKETS);
        registry = new SocketRegistry("abort");
        for (int i = 0; i < SOCKETS; i++) {
            try (BatonSocketFactory.Opening opening = new BatonSocketFactory.Opening(
                    registry, new HostPort("127.0.0.1", peer.address().getPort()), RawSocket.Purpose.PRIMARY, null)) {
                Socket socket = new BatonSocketFactory(opening.key()).createSocket();
                socket.setSendBufferSize(16 * 1024);
                socket.connect(peer.address(), 10_000);
                sockets.add(peer.handshake(socket));
                raw.add(opening.socket());
            }
        }
    }

    @AfterEach
    void close() throws Exception {
        registry.close();
        peer.close();
    }

    @Test
    void abortReleasesEveryCallerBlockedInATlsReadOrATlsWrite() throws Exception {
        List<CompletableFuture<Throwable>> callers = new ArrayList<>();
        for (int i = 0; i < SOCKETS; i++) {
            SSLSocket socket = sockets.get(i);
            boolean writes = i % 2 == 0;
            callers.add(caller(() -> {
                while (writes) {
                    socket.getOutputStream().write(new byte[8192]);
                }
                socket.getInputStream().read();
            }));
        }
        // Each is deep in a read or a write of the raw socket, not on the way to it.
        await().atMost(PATIENCE)
                .until(() -> raw.stream()
                        .allMatch(socket -> socket.waitedNanos(System.nanoTime())
                                > Duration.ofMillis(300).toNanos()));

        registry.abort(registry.condemnAllBut(Set.of()));

        for (CompletableFuture<Throwable> caller : callers) {
            assertThat(caller.get(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isInstanceOf(IOException.class);
        }
        await().atMost(PATIENCE).until(() -> registry.size() == 0);
    }

    private interface Call {
        void run() throws IOException;
    }

    private static CompletableFuture<Throwable> caller(Call call) {
        CompletableFuture<Throwable> failure = new CompletableFuture<>();
        Thread thread = new Thread(() -> {
            try {
                call.run();
                failure.completeExceptionally(new AssertionError("it returned"));
            } catch (IOException | RuntimeException e) {
                failure.complete(e);
            }
        });
        thread.setDaemon(true);
        thread.start();
        return failure;
    }
}
