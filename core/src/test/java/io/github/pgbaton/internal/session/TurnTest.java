package io.github.pgbaton.internal.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class TurnTest {
    private static final int USES = 20_000;

    private final Turn turn = new Turn();
    /** Not volatile: whose turn it is decides who may touch it, and what they see of it. */
    private int touched;

    private boolean done;

    @Test
    void onlyWhatWasLeftIsBorrowed() {
        assertThat(turn.borrow()).isFalse();
        turn.leave();
        assertThat(turn.isUsers()).isFalse();
        assertThat(turn.borrow()).isTrue();
        turn.giveBack();
        turn.takeBack();
        assertThat(turn.isUsers()).isTrue();
        assertThat(turn.borrow()).isFalse();
    }

    /** Increments that were lost, or seen late, would show in the sum. */
    @Test
    void userAndBorrowersNeverTouchItAtTheSameTime() throws Exception {
        int borrowers = 2;
        CountDownLatch start = new CountDownLatch(1);
        ExecutorService threads = Executors.newFixedThreadPool(borrowers);
        List<Future<Integer>> results = new ArrayList<>();
        try {
            for (int i = 0; i < borrowers; i++) {
                results.add(threads.submit(() -> {
                    start.await();
                    int times = 0;
                    while (true) {
                        if (turn.borrow()) {
                            try {
                                if (done) {
                                    return times;
                                }
                                touched++;
                                times++;
                            } finally {
                                turn.giveBack();
                            }
                        }
                    }
                }));
            }
            start.countDown();
            for (int i = 0; i < USES; i++) {
                turn.takeBack();
                touched++;
                turn.leave();
            }
            turn.takeBack();
            done = true;
            int byUser = touched;
            turn.leave();
            int byBorrowers = 0;
            for (Future<Integer> result : results) {
                byBorrowers += result.get(30, TimeUnit.SECONDS);
            }
            assertThat(byUser).isEqualTo(USES + byBorrowers);
        } finally {
            threads.shutdownNow();
        }
    }
}
