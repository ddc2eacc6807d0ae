package io.github.pgbaton.internal.replay;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.postgresql.jdbc.PgConnection;

/** What is kept of a transaction, and for how long what speaks against its replay counts. */
class JournalTest {
    private final List<Integer> replayed = new ArrayList<>();
    private final List<Integer> forgotten = new ArrayList<>();
    private Journal journal;

    @BeforeEach
    void open() {
        journal = new Journal(true, 1000, Set.of());
    }

    private record Recorded(int number, boolean answered, List<Integer> replayed, List<Integer> forgotten)
            implements Step {
        @Override
        public void forget() {
            forgotten.add(number);
        }

        @Override
        public long bytes() {
            return 100;
        }

        @Override
        public @Nullable String sql() {
            return null;
        }

        @Override
        public void replay(PgConnection on) {
            replayed.add(number);
        }

        @Override
        public void adopt(long generation) {}

        @Override
        public void abandon() {}
    }

    private Step step(int number) {
        return new Recorded(number, true, replayed, forgotten);
    }

    private Step unanswered(int number) {
        return new Recorded(number, false, replayed, forgotten);
    }

    @Test
    @SuppressWarnings("NullAway") // No step looks at the session.
    void callThatIsMadeAgainIsNotReplayedBefore() throws Exception {
        journal.record(step(1));
        journal.record(unanswered(2));
        journal.callAgain();
        journal.replay(null);

        assertThat(journal.unanswered()).isFalse();
        assertThat(journal.steps()).isEqualTo(1);
        assertThat(replayed).containsExactly(1);
    }

    @Test
    void callWithoutAnAnswerThatNobodyMakesAgainIsNotForgotten() {
        journal.record(step(1));
        journal.record(unanswered(2));
        assertThat(journal.unanswered()).isTrue();

        journal.record(step(3));
        assertThat(String.valueOf(journal.obstacle())).contains(Journal.UNANSWERED);
    }

    @Test
    void applicationsOwnWordCountsUntilItsTransactionEnds() {
        journal.disable();
        journal.record(step(1));
        journal.restart();
        assertThat(journal.obstacle()).isNotNull();
        assertThat(journal.disabled()).isNotNull();

        journal.clear();
        assertThat(journal.obstacle()).isNull();
        assertThat(journal.disabled()).isNull();
    }

    @Test
    void whatIsPastTheLimitIsNotKept() {
        for (int i = 0; i < 11; i++) {
            journal.record(step(i));
        }

        assertThat(journal.obstacle()).isNotNull();
        assertThat(journal.bytes()).isZero();
        assertThat(forgotten).containsExactly(0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
        journal.clear();
        assertThat(journal.recording()).isTrue();
    }

    @Test
    void whatGrowsPastTheLimitIsNotKept() {
        journal.record(step(1));
        journal.grow(900);
        assertThat(journal.bytes()).isEqualTo(1000);
        assertThat(journal.recording()).isTrue();

        journal.grow(1);
        assertThat(journal.recording()).isFalse();
        assertThat(journal.bytes()).isZero();
        assertThat(forgotten).containsExactly(1);
    }

    /** It would be twice as large after each failover. */
    @Test
    void callThatIsMadeAgainCountsOnce() {
        journal.record(step(1));
        for (int i = 0; i < 20; i++) {
            journal.record(unanswered(2));
            journal.callAgain();
        }

        assertThat(journal.bytes()).isEqualTo(100);
        assertThat(journal.recording()).isTrue();
    }

    @Test
    void endOfATransactionLeavesNothingOfItsSteps() {
        journal.record(step(1));
        journal.clear();

        assertThat(forgotten).containsExactly(1);
        assertThat(journal.bytes()).isZero();
    }
}
