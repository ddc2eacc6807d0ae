package io.github.pgbaton.internal.routing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.internal.socket.BatonSocketFactory;
import io.github.pgbaton.internal.socket.RawSocket;
import io.github.pgbaton.internal.socket.SocketRegistry;
import io.github.pgbaton.internal.socket.Threads;
import io.github.pgbaton.topology.HostPort;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class HangMonitorTest {

    @Test
    void failureOfOneLookDoesNotEndTheNext() {
        AtomicInteger looks = new AtomicInteger();
        SocketRegistry registry = new SocketRegistry("hang");
        HangMonitor monitor = new HangMonitor(
                registry,
                "hang",
                () -> {
                    if (looks.incrementAndGet() == 1) {
                        throw new OutOfMemoryError("unable to create native thread");
                    }
                    return Duration.ofSeconds(1);
                },
                (member, why) -> {},
                (member, connections) -> {});
        ScheduledExecutorService timer = Threads.timer("hang-timer");
        try {
            monitor.start(timer);
            await().atMost(Duration.ofSeconds(20)).until(() -> looks.get() >= 2);
        } finally {
            timer.shutdownNow();
            monitor.close();
            registry.close();
        }
    }

    @Test
    void ofANamesAddressesTheSilentOneIsReportedAndNotTheOther() throws Exception {
        try (ServerSocket working = new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1"));
                ServerSocket silent =
                        new ServerSocket(working.getLocalPort(), 50, InetAddress.getByName("127.0.0.9"))) {
            daemon(() -> answerKnocks(working));
            HostPort name = new HostPort("member", working.getLocalPort());
            SocketRegistry registry = new SocketRegistry("addresses");
            List<HostPort> reported = new CopyOnWriteArrayList<>();
            HangMonitor monitor = new HangMonitor(
                    registry,
                    "addresses",
                    () -> Duration.ofMillis(300),
                    (member, why) -> reported.add(member),
                    (member, lost) -> {});
            ScheduledExecutorService timer = Threads.timer("addresses-timer");
            try {
                RawSocket atWork = waiting(registry, name, working);
                RawSocket hanging = waiting(registry, name, silent);
                monitor.start(timer);
                await().atMost(Duration.ofSeconds(30)).until(() -> !reported.isEmpty());
                assertThat(reported).containsOnly(new HostPort("127.0.0.9", silent.getLocalPort()));
                assertThat(registry.condemnAll(reported.get(0))).containsExactly(hanging);
                assertThat(atWork.aborted()).isFalse();
            } finally {
                timer.shutdownNow();
                monitor.close();
                registry.close();
            }
        }
    }

    /** A socket that was dialled by the name, and whose caller waits for an answer. */
    private static RawSocket waiting(SocketRegistry registry, HostPort name, ServerSocket server) throws IOException {
        try (BatonSocketFactory.Opening opening =
                new BatonSocketFactory.Opening(registry, name, RawSocket.Purpose.PRIMARY, null)) {
            Socket socket = new BatonSocketFactory(opening.key()).createSocket();
            socket.connect(server.getLocalSocketAddress(), 10_000);
            InputStream in = socket.getInputStream();
            daemon(in::read);
            return Objects.requireNonNull(opening.socket());
        }
    }

    /** As PostgreSQL does that offers no TLS; who says nothing gets no answer. */
    private static void answerKnocks(ServerSocket server) throws IOException {
        while (true) {
            Socket client = server.accept();
            daemon(() -> {
                if (client.getInputStream().read() >= 0) {
                    client.getOutputStream().write('N');
                }
            });
        }
    }

    private interface Body {
        void run() throws IOException;
    }

    private static void daemon(Body body) {
        Thread thread = new Thread(
                () -> {
                    try {
                        body.run();
                    } catch (IOException e) {
                        // The test is over.
                    }
                },
                "hang-monitor-test");
        thread.setDaemon(true);
        thread.start();
    }
}
