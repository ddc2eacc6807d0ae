package io.github.pgbaton.etcd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What one member's endpoint takes from the others when the name server hangs. */
@Timeout(60)
class JetcdEndpointTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final CountDownLatch answers = new CountDownLatch(1);
    private final AtomicInteger lookUps = new AtomicInteger();
    private final ScheduledThreadPoolExecutor calls = new ScheduledThreadPoolExecutor(2);

    private InetAddress[] resolve(String host) throws UnknownHostException {
        lookUps.incrementAndGet();
        try {
            answers.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        throw new UnknownHostException(host);
    }

    @AfterEach
    void close() {
        answers.countDown();
        calls.shutdownNow();
    }

    @Test
    void nameServerThatHangsTakesOneThreadHoweverOftenItIsTriedAnew() throws Exception {
        URI uri = URI.create("http://etcd-without-dns:2379");
        EtcdSettings settings = EtcdSettings.of(List.of(uri), "s", "/db", null, null, null, null, null);
        JetcdEndpoint endpoint = new JetcdEndpoint(uri, settings, Duration.ofSeconds(1), calls, this::resolve);
        var first = endpoint.read();
        await().atMost(PATIENCE).until(() -> lookUps.get() == 1);
        endpoint.discard();
        for (int i = 0; i < 5; i++) {
            var again = endpoint.read();
            assertThatThrownBy(() -> again.get(20, TimeUnit.SECONDS)).hasMessageContaining("name server");
            endpoint.discard();
        }
        assertThat(calls.submit(() -> "free").get(20, TimeUnit.SECONDS)).isEqualTo("free");
        assertThat(lookUps).hasValue(1);

        answers.countDown();
        assertThatThrownBy(() -> first.get(20, TimeUnit.SECONDS)).hasRootCauseInstanceOf(UnknownHostException.class);
        var afterwards = endpoint.read();
        assertThatThrownBy(() -> afterwards.get(20, TimeUnit.SECONDS))
                .hasRootCauseInstanceOf(UnknownHostException.class);
        assertThat(lookUps).hasValue(2);
    }
}
