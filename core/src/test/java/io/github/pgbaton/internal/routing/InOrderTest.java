package io.github.pgbaton.internal.routing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class InOrderTest {
    private final List<String> received = new CopyOnWriteArrayList<>();

    /** As when the thread that tells of an election is put aside, or its appender stalls. */
    @Test
    void whoComesWhileAnotherIsAtItNeitherOvertakesItNorWaits() throws Exception {
        CountDownLatch reached = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        InOrder<String> order = new InOrder<>(one -> {
            if (one.equals("first")) {
                reached.countDown();
                awaitLatch(goOn);
            }
            received.add(one);
        });
        order.note("first");
        CompletableFuture<Void> slow = CompletableFuture.runAsync(order::handOn);
        assertThat(reached.await(20, TimeUnit.SECONDS)).isTrue();

        order.note("second");
        order.handOn();
        assertThat(received).isEmpty();

        goOn.countDown();
        slow.get(20, TimeUnit.SECONDS);
        assertThat(received).containsExactly("first", "second");
    }

    @Test
    void failureOfTheReceiverKeepsNobodyFromTheRest() {
        InOrder<String> order = new InOrder<>(one -> {
            if (one.equals("first")) {
                throw new IllegalStateException("its own");
            }
            received.add(one);
        });
        order.note("first");
        order.note("second");

        assertThatThrownBy(order::handOn).hasMessage("its own");
        order.handOn();
        assertThat(received).containsExactly("second");
    }

    private static void awaitLatch(CountDownLatch latch) {
        try {
            assertThat(latch.await(20, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
