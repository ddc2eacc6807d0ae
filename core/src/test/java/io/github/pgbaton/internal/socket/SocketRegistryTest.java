package io.github.pgbaton.internal.socket;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.github.pgbaton.topology.HostPort;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import jdk.net.ExtendedSocketOptions;
import org.junit.jupiter.api.Test;

/** What becomes of sockets when threads are short, and after the end. */
class SocketRegistryTest {
    private static final HostPort MEMBER = new HostPort("127.0.0.1", 5432);

    @Test
    void abortGoesOnByItselfWhereNoThreadCanBeHad() {
        SocketRegistry registry = new SocketRegistry(
                new ThreadPoolExecutor(0, 8, 1, TimeUnit.SECONDS, new SynchronousQueue<>(), task -> {
                    throw new OutOfMemoryError("unable to create native thread");
                }),
                () -> Duration.ZERO);
        List<Socket> sockets = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            Socket socket = new Socket();
            sockets.add(socket);
            registry.add(new RawSocket(socket, MEMBER, RawSocket.Purpose.PRIMARY));
        }
        registry.abort(registry.condemnAllBut(Set.of()));
        assertThat(sockets).allMatch(Socket::isClosed);
        assertThat(registry.size()).isZero();
    }

    @Test
    void connectionIsProbedAfterTheSilenceThatCountsAsTooLong() throws Exception {
        SocketRegistry registry = new SocketRegistry("probing", () -> Duration.ofSeconds(12));
        try (BatonSocketFactory.Opening opening =
                        new BatonSocketFactory.Opening(registry, MEMBER, RawSocket.Purpose.PRIMARY, null);
                Socket socket = new BatonSocketFactory(opening.key()).createSocket()) {
            assumeThat(socket.supportedOptions()).contains(ExtendedSocketOptions.TCP_KEEPIDLE);
            assertThat(socket.getOption(ExtendedSocketOptions.TCP_KEEPIDLE)).isEqualTo(12);
            assertThat(socket.getOption(ExtendedSocketOptions.TCP_KEEPINTERVAL)).isEqualTo(4);
            assertThat(socket.getOption(ExtendedSocketOptions.TCP_KEEPCOUNT)).isEqualTo(3);
        } finally {
            registry.close();
        }
    }

    @Test
    void withoutAThresholdTheSystemsOwnTimesHold() throws Exception {
        SocketRegistry registry = new SocketRegistry("plain");
        try (BatonSocketFactory.Opening opening =
                        new BatonSocketFactory.Opening(registry, MEMBER, RawSocket.Purpose.PRIMARY, null);
                Socket socket = new BatonSocketFactory(opening.key()).createSocket();
                Socket plain = new Socket()) {
            assumeThat(socket.supportedOptions()).contains(ExtendedSocketOptions.TCP_KEEPIDLE);
            assertThat(socket.getOption(ExtendedSocketOptions.TCP_KEEPIDLE))
                    .isEqualTo(plain.getOption(ExtendedSocketOptions.TCP_KEEPIDLE));
        } finally {
            registry.close();
        }
    }

    @Test
    void socketThatIsMadeAfterTheEndConnectsToNobody() throws Exception {
        SocketRegistry registry = new SocketRegistry("ended");
        registry.close();
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                BatonSocketFactory.Opening opening =
                        new BatonSocketFactory.Opening(registry, MEMBER, RawSocket.Purpose.PRIMARY, null)) {
            Socket late = new BatonSocketFactory(opening.key()).createSocket();
            assertThatThrownBy(() -> late.connect(server.getLocalSocketAddress(), 10_000))
                    .isInstanceOf(IOException.class);
        }
        assertThat(registry.size()).isZero();
    }
}
