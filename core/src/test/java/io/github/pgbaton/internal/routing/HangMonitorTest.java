package io.github.pgbaton.internal.routing;

import static org.awaitility.Awaitility.await;

import io.github.pgbaton.internal.socket.SocketRegistry;
import io.github.pgbaton.internal.socket.Threads;
import java.time.Duration;
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
}
