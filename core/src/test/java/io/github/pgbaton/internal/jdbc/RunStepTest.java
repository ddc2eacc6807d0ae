package io.github.pgbaton.internal.jdbc;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.pgbaton.internal.replay.ReplayMismatchException;
import java.lang.reflect.Proxy;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a step compares of the results of one execution, one after the other. */
class RunStepTest {
    private static final long ROWS = -1;
    private static final long NOTHING = -2;

    private RunStep step;

    @BeforeEach
    void make() throws SQLException {
        BatonStatement owner = (BatonStatement) new BatonConnection(new ScriptedSession()).createStatement();
        step = new RunStep(owner, Run.EXECUTE, "SELECT 1; SELECT 2", null, null, List.of(), 0);
    }

    /** A statement whose results come in this order: update counts, or one of the constants. */
    private static Statement withResults(long... outcomes) {
        Deque<Long> left = new ArrayDeque<>();
        for (long outcome : outcomes) {
            left.add(outcome);
        }
        return (Statement) Proxy.newProxyInstance(
                RunStepTest.class.getClassLoader(), new Class<?>[] {Statement.class}, (self, method, arguments) -> {
                    long now = left.isEmpty() ? NOTHING : left.getFirst();
                    return switch (method.getName()) {
                        case "getLargeUpdateCount" -> Math.max(now, -1);
                        case "getResultSet" ->
                            now == ROWS ? new FakeJdbc(ResultSet.class, "rows").as(ResultSet.class) : null;
                        case "getMoreResults" -> left.poll() != null && !left.isEmpty() && left.getFirst() == ROWS;
                        default -> throw new UnsupportedOperationException(method.getName());
                    };
                });
    }

    /** The application went on until it saw the last of these. */
    private void sawFirst(long... outcomes) throws SQLException {
        Statement raw = withResults(outcomes);
        step.answered(raw);
        for (int i = 1; i < outcomes.length; i++) {
            raw.getMoreResults();
            step.moved(Statement.CLOSE_CURRENT_RESULT, raw);
        }
    }

    @Test
    void sameResultsAreNoDifference() throws SQLException {
        sawFirst(ROWS, 5, ROWS, NOTHING);
        assertThatCode(() -> step.compare(withResults(ROWS, 5, ROWS))).doesNotThrowAnyException();
    }

    @Test
    void resultThatVanishedIsADifference() throws SQLException {
        sawFirst(ROWS, ROWS);
        assertThatThrownBy(() -> step.compare(withResults(ROWS)))
                .isInstanceOf(ReplayMismatchException.class)
                .hasMessage("it gave no result and had given rows");
    }

    @Test
    void onlyResultThatVanishedIsADifference() throws SQLException {
        sawFirst(ROWS);
        assertThatThrownBy(() -> step.compare(withResults())).isInstanceOf(ReplayMismatchException.class);
    }

    @Test
    void resultWhereTheApplicationSawTheEndIsADifference() throws SQLException {
        sawFirst(ROWS, NOTHING);
        assertThatThrownBy(() -> step.compare(withResults(ROWS, ROWS)))
                .isInstanceOf(ReplayMismatchException.class)
                .hasMessage("it gave rows and had given no result");
    }
}
