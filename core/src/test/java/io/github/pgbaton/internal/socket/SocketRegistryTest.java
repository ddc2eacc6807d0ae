package io.github.pgbaton.internal.socket;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.github.pgbaton.topology.HostPort;
import java.net.Socket;
import java.time.Duration;
import jdk.net.ExtendedSocketOptions;
import org.junit.jupiter.api.Test;

/** What every socket of a cluster has. */
class SocketRegistryTest {
    private static final HostPort MEMBER = new HostPort("127.0.0.1", 5432);

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

}
