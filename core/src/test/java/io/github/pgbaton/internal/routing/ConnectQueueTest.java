package io.github.pgbaton.internal.routing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Who may open a session next. */
@Timeout(60)
class ConnectQueueTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final long LONG = TimeUnit.SECONDS.toNanos(50);

    private final ConnectQueue queue = new ConnectQueue(1);
    private final List<Integer> admitted = Collections.synchronizedList(new ArrayList<>());
    private Thread newest = Thread.currentThread();

    private CompletableFuture<Boolean> entering(int number, BooleanSupplier givenUp) {
        CompletableFuture<Boolean> entered = new CompletableFuture<>();
        Thread thread = new Thread(() -> {
            try {
                boolean in = queue.enter(LONG, givenUp);
                if (in) {
                    admitted.add(number);
                }
                entered.complete(in);
            } catch (InterruptedException e) {
                entered.completeExceptionally(e);
            }
        });
        thread.setDaemon(true);
        thread.start();
        newest = thread;
        await().atMost(PATIENCE).until(() -> entered.isDone() || thread.getState() == Thread.State.TIMED_WAITING);
        return entered;
    }

    private static boolean within(CompletableFuture<Boolean> entered) throws Exception {
        return entered.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }

    @Test
    void placesAreGivenInTheOrderInWhichTheyWereAskedFor() throws Exception {
        assertThat(queue.enter(0, () -> false)).isTrue();
        List<CompletableFuture<Boolean>> waiting = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            waiting.add(entering(i, () -> false));
        }
        assertThat(queue.crowded()).isTrue();
        for (CompletableFuture<Boolean> each : waiting) {
            assertThat(each).isNotDone();
            queue.leave();
            assertThat(within(each)).isTrue();
        }
        assertThat(admitted).containsExactly(0, 1, 2, 3, 4);
        assertThat(queue.crowded()).isFalse();
    }

    @Test
    void whoComesWhenItsTimeIsUpGetsNoPlace() throws Exception {
        assertThat(queue.enter(0, () -> false)).isTrue();
        assertThat(queue.enter(TimeUnit.MILLISECONDS.toNanos(5), () -> false)).isFalse();
        queue.leave();
        assertThat(queue.enter(0, () -> false)).isTrue();
    }

    @Test
    void whoIsGivenUpLeavesTheOthersTheirOrder() throws Exception {
        assertThat(queue.enter(0, () -> false)).isTrue();
        AtomicBoolean abandoned = new AtomicBoolean();
        CompletableFuture<Boolean> first = entering(1, abandoned::get);
        CompletableFuture<Boolean> second = entering(2, () -> false);
        abandoned.set(true);
        queue.wake();
        assertThat(within(first)).isFalse();
        assertThat(second).isNotDone();
        queue.leave();
        assertThat(within(second)).isTrue();
    }

    @Test
    void interruptEndsTheWaitAndTakesNoPlace() throws Exception {
        assertThat(queue.enter(0, () -> false)).isTrue();
        CompletableFuture<Boolean> waiting = entering(1, () -> false);
        newest.interrupt();
        assertThatThrownBy(() -> within(waiting))
                .isInstanceOf(ExecutionException.class)
                .hasCauseInstanceOf(InterruptedException.class);
        queue.leave();
        assertThat(queue.enter(0, () -> false)).isTrue();
    }

    @Test
    void dissolvedQueueHoldsNobody() throws Exception {
        assertThat(queue.enter(0, () -> false)).isTrue();
        CompletableFuture<Boolean> waiting = entering(1, () -> false);
        queue.dissolve();
        assertThat(within(waiting)).isTrue();
        assertThat(queue.enter(0, () -> false)).isTrue();
    }
}
