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
    private Journal journal;

    @BeforeEach
    void open() {
        journal = new Journal(true, 1000, Set.of());
    }

    private record Recorded(int number, boolean answered, List<Integer> replayed) implements Step {
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
        return new Recorded(number, true, replayed);
    }

    private Step unanswered(int number) {
        return new Recorded(number, false, replayed);
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
        journal.clear();
        assertThat(journal.recording()).isTrue();
    }
}
