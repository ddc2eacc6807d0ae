package io.github.pgbaton.hikari;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.event.FailoverEvent;
import io.github.pgbaton.pool.PoolableConnection;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How the idle connections of one pool are moved, and what one of them may spoil for the others. */
class IdleMoverTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final FailoverEvent EVENT = new FailoverEvent.SessionsAborted("test", Instant.now(), 1);

    private final List<Idle> idle = new ArrayList<>();

    /** What a move meets. */
    private interface Meeting {
        void meet() throws SQLException;
    }

    /** Has to be moved once. */
    private static final class Idle implements PoolableConnection {
        private final AtomicInteger calls = new AtomicInteger();
        private final AtomicInteger moves = new AtomicInteger();
        private volatile boolean lost = true;
        private volatile Meeting meeting = () -> {};
        private volatile @Nullable Runnable closed;

        @Override
        public void pooled(Runnable whenClosed) {
            closed = whenClosed;
        }

        @Override
        public Reattachment reattach(Duration timeout) throws SQLException {
            calls.incrementAndGet();
            meeting.meet();
            if (!lost) {
                return Reattachment.NOT_NEEDED;
            }
            lost = false;
            moves.incrementAndGet();
            return Reattachment.MOVED;
        }

        boolean movedOnce() {
            return moves.get() == 1;
        }
    }

    private IdleMover mover(int connections, int connectLimit) throws SQLException {
        IdleMover mover = new IdleMover(() -> "test", Duration.ofMillis(10), connectLimit);
        for (int i = 0; i < connections; i++) {
            Idle one = new Idle();
            idle.add(one);
            mover.keep(one);
        }
        return mover;
    }

    @AfterEach
    void close() {
        for (Idle one : idle) {
            Runnable closed = one.closed;
            if (closed != null) {
                closed.run();
            }
        }
    }

    private void awaitMovedOnce(int... which) {
        for (int i : which) {
            await().atMost(PATIENCE).until(idle.get(i)::movedOnce);
        }
    }

    private int calls() {
        return idle.stream().mapToInt(one -> one.calls.get()).sum();
    }

    @ParameterizedTest
    @CsvSource({"16, 4", "1000, 4", "5, 2", "1, 1"})
    void fewMoveAtOnceAndNeverMoreThanHalfOfConnectLimit(int connectLimit, int most) throws Exception {
        IdleMover mover = mover(12, connectLimit);
        AtomicInteger now = new AtomicInteger();
        AtomicInteger seen = new AtomicInteger();
        AtomicInteger arrived = new AtomicInteger();
        CountDownLatch full = new CountDownLatch(most);
        for (Idle one : idle) {
            one.meeting = () -> {
                seen.accumulateAndGet(now.incrementAndGet(), Math::max);
                // The first moves alone, and calls the others.
                if (arrived.getAndIncrement() > 0) {
                    full.countDown();
                    awaitFor(full);
                }
                now.decrementAndGet();
            };
        }
        mover.on(EVENT);
        for (Idle one : idle) {
            await().atMost(PATIENCE).until(one::movedOnce);
        }
        assertThat(seen).hasValue(most);
        assertThat(calls()).as("none is asked twice").isEqualTo(12);
    }

    private static void awaitFor(CountDownLatch latch) {
        try {
            if (!latch.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
                throw new AssertionError("not so many at once");
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void oneWaitsForThePrimaryOnBehalfOfAll() throws Exception {
        IdleMover mover = mover(6, 16);
        CountDownLatch primary = new CountDownLatch(1);
        CountDownLatch waiting = new CountDownLatch(1);
        for (Idle one : idle) {
            one.meeting = () -> {
                waiting.countDown();
                awaitFor(primary);
            };
        }
        mover.on(EVENT);
        awaitFor(waiting);
        mover.on(EVENT);
        assertThat(calls()).isEqualTo(1);

        primary.countDown();

        awaitMovedOnce(0, 1, 2, 3, 4, 5);
    }

    @Test
    void withoutAPrimaryAllStayUntilTheNextEvent() throws Exception {
        IdleMover mover = mover(4, 16);
        AtomicInteger attempts = new AtomicInteger();
        for (Idle one : idle) {
            one.meeting = () -> {
                if (attempts.incrementAndGet() <= 5) {
                    throw new SQLTransientConnectionException("no primary", "08001");
                }
            };
        }
        mover.on(EVENT);
        await().atMost(PATIENCE).until(() -> attempts.get() == 5);
        assertThat(idle.subList(1, 4))
                .as("one tries on behalf of all")
                .extracting(one -> one.calls.get())
                .containsOnly(0);

        await().atMost(PATIENCE).until(() -> {
            // Again, for the first sweep may not be over yet.
            mover.on(EVENT);
            return idle.stream().allMatch(Idle::movedOnce);
        });
        assertThat(idle.get(0).calls.get()).isGreaterThanOrEqualTo(6);
    }

    @Test
    void connectionThatCannotBeMovedLeavesTheOthersToMove() throws Exception {
        IdleMover mover = mover(5, 16);
        idle.get(1).meeting = () -> {
            throw new SQLException("role \"x\" does not exist", "22023");
        };
        mover.on(EVENT);
        awaitMovedOnce(0, 2, 3, 4);
        assertThat(idle.get(1).moves).hasValue(0);
    }

    @Test
    void mistakeAtOneConnectionStopsNeitherThisMoveNorALaterOne() throws Exception {
        IdleMover mover = mover(5, 2);
        idle.get(0).meeting = () -> {
            throw new IllegalStateException("a mistake");
        };
        mover.on(EVENT);
        awaitMovedOnce(1, 2, 3, 4);
        idle.get(0).meeting = () -> {};
        await().atMost(PATIENCE).until(() -> {
            mover.on(EVENT);
            return idle.get(0).movedOnce();
        });
    }

    @Test
    void errorInOneMoveStopsNoLaterOne() throws Exception {
        IdleMover mover = mover(2, 2);
        AtomicInteger thrown = new AtomicInteger();
        idle.get(0).meeting = () -> {
            if (thrown.getAndIncrement() == 0) {
                throw new NoClassDefFoundError("a class of an application that is gone");
            }
        };
        mover.on(EVENT);
        // It ends a thread of the mover, and Awaitility would take it for the failure of this test.
        await().dontCatchUncaughtExceptions().atMost(PATIENCE).until(() -> {
            mover.on(EVENT);
            return idle.stream().allMatch(Idle::movedOnce);
        });
    }

    @Test
    void failureThatOthersShareIsNotTriedWithEveryConnection() throws Exception {
        IdleMover mover = mover(12, 2);
        CountDownLatch third = new CountDownLatch(3);
        for (Idle one : idle) {
            one.meeting = () -> {
                third.countDown();
                throw new SQLException("password authentication failed", "28P01");
            };
        }
        mover.on(EVENT);
        awaitFor(third);
        assertThat(idle.subList(3, 12)).extracting(one -> one.calls.get()).containsOnly(0);
    }
}
