package io.github.pgbaton.internal.replay;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.pgbaton.internal.outcome.Told;
import io.github.pgbaton.topology.HostPort;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.postgresql.jdbc.PgConnection;

/** Which values of sequences a replay may keep, as far as the journal knows. */
class KeptValuesTest {
    private static final Told FIRST = new Told(new HostPort("pg1", 5432), 1, 10);
    private static final Told SECOND = new Told(new HostPort("pg1", 5432), 1, 20);

    private final Journal journal = new Journal(true, 10_000, Set.of());
    private final List<Told> asked = new ArrayList<>();

    /** A step that drew a value, and whose replay keeps it where that was judged possible. */
    private record Drawing(String sql, SequenceValue drawn) implements Step {
        @Override
        public long bytes() {
            return 1;
        }

        @Override
        public boolean answered() {
            return true;
        }

        @Override
        public void replay(@Nullable PgConnection on) throws SQLException {
            throw drawn.notKept(new ReplayMismatchException("another row"));
        }

        @Override
        public void adopt(long generation) {}

        @Override
        public void abandon() {}
    }

    private SequenceValue draw(String sql, Told told, boolean seen) {
        SequenceValue value = new SequenceValue("s", told);
        if (seen) {
            value.seen(7);
        }
        journal.record(new Drawing(sql, value));
        return value;
    }

    private @Nullable String obstacle(Told told) {
        asked.add(told);
        return "nothing proves it";
    }

    @Test
    void onlyAValueThatWasSeenIsAskedFor() throws Exception {
        draw("SELECT nextval('s')", FIRST, false);
        SequenceValue seen = draw("SELECT nextval('s')", SECOND, true);
        journal.judge(this::obstacle);

        assertThat(asked).containsExactly(SECOND);
        assertThat(seen.notKept(new ReplayMismatchException("another row")).getMessage())
                .isEqualTo("another row; the value of the sequence was not kept, because nothing proves it");
    }

    @Test
    void nothingIsKeptWhereAnyStepAsksForTheLastValue() throws Exception {
        SequenceValue value = draw("SELECT nextval('s')", FIRST, true);
        draw("SELECT LastVal()", SECOND, false);
        journal.judge(this::obstacle);

        assertThat(asked).isEmpty();
        assertThat(value.notKept(new ReplayMismatchException("another row")).getMessage())
                .endsWith("the transaction asks for the value that was drawn last");
    }

    @Test
    void whatKeptAValueFromBeingKeptIsForgottenByTheNextReplay() throws Exception {
        SequenceValue value = draw("SELECT nextval('s')", FIRST, true);
        journal.judge(this::obstacle);
        journal.judge(told -> null);

        assertThat(value.notKept(new ReplayMismatchException("another row")).getMessage())
                .isEqualTo("another row");
        journal.adopt(2);
        assertThat(journal.kept()).isZero();
    }
}
