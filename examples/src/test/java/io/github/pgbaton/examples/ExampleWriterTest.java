package io.github.pgbaton.examples;

import static io.github.pgbaton.examples.ExampleWriter.Outcome.COMMITTED;
import static io.github.pgbaton.examples.ExampleWriter.Outcome.FOUND;
import static org.assertj.core.api.Assertions.assertThat;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ExampleWriterTest {
    private final ScriptedDatabase database = new ScriptedDatabase();
    private final List<String> told = new ArrayList<>();
    private final ExampleWriter writer = new ExampleWriter(
            database, (error, unknown) -> told.add(error.getSQLState() + (unknown ? " unknown" : "")));

    @Test
    void keepsItsConnection() throws Exception {
        database.answer(0).answer(1).answer(0).answer(1).answer(0);

        assertThat(writer.write("a")).isEqualTo(COMMITTED);
        assertThat(writer.write("b")).isEqualTo(COMMITTED);

        assertThat(database.asked).containsExactly("open", "insert 1", "commit 1", "insert 1", "commit 1");
        assertThat(told).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"40001", "40P01"})
    void rolledBackRunsAgainOnTheSameConnection(String state) throws Exception {
        database.answer(0).fail(state).answer(0).answer(1).answer(0);

        assertThat(writer.write("a")).isEqualTo(COMMITTED);

        assertThat(database.asked).containsExactly("open", "insert 1", "rollback 1", "insert 1", "commit 1");
        assertThat(told).containsExactly(state);
    }

    @Test
    void brokenBeforeTheCommitReconnectsAndRunsAgain() throws Exception {
        database.answer(0).fail("57P01").fail("08001").answer(0).answer(1).answer(0);

        assertThat(writer.write("a")).isEqualTo(COMMITTED);

        assertThat(database.asked).containsExactly("open", "insert 1", "open", "open", "insert 2", "commit 2");
        assertThat(told).containsExactly("57P01", "08001");
    }

    @ParameterizedTest
    @ValueSource(strings = {"08007", "08006", "57P01", "40003"})
    void commitInDoubtIsLookedUpAndFound(String state) throws Exception {
        database.answer(0).answer(1).fail(state).answer(0).answer(0).answer(0);

        assertThat(writer.write("a")).isEqualTo(FOUND);

        assertThat(database.asked)
                .containsExactly("open", "insert 1", "commit 1", "open", "insert unless there 2", "commit 2");
        assertThat(told).containsExactly(state + " unknown");
    }

    @Test
    void commitInDoubtThatLeftNothingRunsAgain() throws Exception {
        database.answer(0).answer(1).fail("08007").answer(0).answer(1).answer(0);

        assertThat(writer.write("a")).isEqualTo(COMMITTED);

        assertThat(database.asked).endsWith("insert unless there 2", "commit 2");
    }

    @Test
    void doubtLastsUntilACommitIsAnswered() throws Exception {
        database.answer(0).answer(1).fail("08007"); // in doubt
        database.answer(0).fail("25006"); // a member that is not promoted yet
        database.answer(0).fail("40001").answer(0).answer(0).answer(0);

        assertThat(writer.write("a")).isEqualTo(FOUND);

        assertThat(database.asked)
                .filteredOn(call -> call.startsWith("insert "))
                .hasSize(4);
        assertThat(database.asked)
                .filteredOn(call -> call.startsWith("insert unless"))
                .hasSize(3);
        assertThat(told).containsExactly("08007 unknown", "25006", "40001");
    }

    @Test
    void errorsWithoutAStateAreNotTakenForARollback() {
        assertThat(ExampleWriter.certainlyRolledBack(new SQLException("no state")))
                .isFalse();
        assertThat(ExampleWriter.certainlyRolledBack(new SQLException("x", "40003")))
                .isFalse();
        assertThat(ExampleWriter.certainlyRolledBack(new SQLException("x", "23505")))
                .isTrue();
    }
}
