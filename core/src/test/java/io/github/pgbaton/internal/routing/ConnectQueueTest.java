package io.github.pgbaton.internal.routing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.internal.routing.ConnectQueue.Rank;
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
    private static final long NOW = System.nanoTime();
    private static final long LONG = TimeUnit.SECONDS.toNanos(50);

    private final ConnectQueue queue = new ConnectQueue(1);
    private final List<Integer> admitted = Collections.synchronizedList(new ArrayList<>());
    private Thread newest = Thread.currentThread();

    private CompletableFuture<Boolean> entering(int number, BooleanSupplier givenUp) {
        return entering(Rank.CALLER, number, givenUp);
    }

    private CompletableFuture<Boolean> entering(Rank rank, int number, BooleanSupplier givenUp) {
        return entering(queue, rank, NOW, number, givenUp);
    }

    private CompletableFuture<Boolean> entering(
            ConnectQueue queue, Rank rank, long sinceNanos, int number, BooleanSupplier givenUp) {
        CompletableFuture<Boolean> entered = new CompletableFuture<>();
        Thread thread = new Thread(() -> {
            try {
                boolean in = queue.enter(rank, sinceNanos, LONG, givenUp);
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
        assertThat(queue.enter(NOW, 0, () -> false)).isTrue();
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
        assertThat(queue.enter(NOW, 0, () -> false)).isTrue();
        assertThat(queue.enter(NOW, TimeUnit.MILLISECONDS.toNanos(5), () -> false))
                .isFalse();
        queue.leave();
        assertThat(queue.enter(NOW, 0, () -> false)).isTrue();
    }

    @Test
    void whoIsGivenUpLeavesTheOthersTheirOrder() throws Exception {
        assertThat(queue.enter(NOW, 0, () -> false)).isTrue();
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
        assertThat(queue.enter(NOW, 0, () -> false)).isTrue();
        CompletableFuture<Boolean> waiting = entering(1, () -> false);
        newest.interrupt();
        assertThatThrownBy(() -> within(waiting))
                .isInstanceOf(ExecutionException.class)
                .hasCauseInstanceOf(InterruptedException.class);
        queue.leave();
        assertThat(queue.enter(NOW, 0, () -> false)).isTrue();
    }

    @Test
    void backgroundWorkLeavesHalfOfThePlacesToCalls() throws Exception {
        ConnectQueue four = new ConnectQueue(4);
        assertThat(four.enter(Rank.BACKGROUND, NOW, 0, () -> false)).isTrue();
        assertThat(four.enter(Rank.BACKGROUND, NOW, 0, () -> false)).isTrue();
        assertThat(four.enter(Rank.BACKGROUND, NOW, 0, () -> false)).isFalse();
        assertThat(four.enter(NOW, 0, () -> false)).isTrue();
        assertThat(four.enter(NOW, 0, () -> false)).isTrue();
        assertThat(four.enter(NOW, 0, () -> false)).isFalse();

        four.leave();
        assertThat(four.enter(Rank.BACKGROUND, NOW, 0, () -> false)).isFalse();
        four.leave(Rank.BACKGROUND);
        assertThat(four.enter(Rank.BACKGROUND, NOW, 0, () -> false)).isTrue();
    }

    @Test
    void callsGoBeforeBackgroundWorkThatHasWaitedLonger() throws Exception {
        assertThat(queue.enter(NOW, 0, () -> false)).isTrue();
        CompletableFuture<Boolean> background = entering(Rank.BACKGROUND, 1, () -> false);
        CompletableFuture<Boolean> call = entering(2, () -> false);

        queue.leave();
        assertThat(within(call)).isTrue();
        assertThat(background).isNotDone();
        queue.leave();
        assertThat(within(background)).isTrue();
    }

    @Test
    void whoHasWaitedLongestGoesFirstWheneverItCame() throws Exception {
        assertThat(queue.enter(NOW, 0, () -> false)).isTrue();
        CompletableFuture<Boolean> late = entering(queue, Rank.CALLER, NOW, 1, () -> false);
        CompletableFuture<Boolean> early = entering(queue, Rank.CALLER, NOW - 1000, 2, () -> false);
        queue.leave();
        assertThat(within(early)).isTrue();
        assertThat(late).isNotDone();
        queue.leave();
        assertThat(within(late)).isTrue();
        assertThat(admitted).containsExactly(2, 1);
    }

    @Test
    void connectionInUseGoesBeforeOneThatIsOpenedAndHasWaitedLonger() throws Exception {
        assertThat(queue.enter(NOW, 0, () -> false)).isTrue();
        CompletableFuture<Boolean> opened = entering(queue, Rank.CALLER, NOW - 1000, 1, () -> false);
        CompletableFuture<Boolean> inUse = entering(queue, Rank.IN_USE, NOW, 2, () -> false);
        queue.leave();
        assertThat(within(inUse)).isTrue();
        assertThat(opened).isNotDone();
        queue.leave();
        assertThat(within(opened)).isTrue();
    }

    @Test
    void shutQueueLetsNobodyInBeforeItOpensAndThenAFewAtATime() throws Exception {
        ConnectQueue two = ConnectQueue.shut(2);
        assertThat(two.enter(NOW, TimeUnit.MILLISECONDS.toNanos(5), () -> false))
                .isFalse();
        CompletableFuture<Boolean> third = entering(two, Rank.CALLER, NOW + 3, 3, () -> false);
        CompletableFuture<Boolean> first = entering(two, Rank.CALLER, NOW + 1, 1, () -> false);
        CompletableFuture<Boolean> second = entering(two, Rank.CALLER, NOW + 2, 2, () -> false);
        assertThat(List.of(first, second, third)).noneMatch(CompletableFuture::isDone);

        two.open();
        assertThat(within(first)).isTrue();
        assertThat(within(second)).isTrue();
        assertThat(third).isNotDone();
        two.leave();
        assertThat(within(third)).isTrue();
    }

    @Test
    void dissolvedQueueHoldsNobody() throws Exception {
        assertThat(queue.enter(NOW, 0, () -> false)).isTrue();
        CompletableFuture<Boolean> waiting = entering(1, () -> false);
        CompletableFuture<Boolean> background = entering(Rank.BACKGROUND, 2, () -> false);
        queue.dissolve();
        assertThat(within(waiting)).isTrue();
        assertThat(within(background)).isTrue();
        assertThat(queue.enter(NOW, 0, () -> false)).isTrue();
    }
}
