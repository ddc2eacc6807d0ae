package io.github.pgbaton.internal.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.pgbaton.internal.replay.Journal;
import io.github.pgbaton.internal.replay.Rows;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Results of a statement that come after those which its step in the journal knows. */
class LaterResultsTest {
    private final Journal journal = new Journal(true, 1 << 20, Set.of());
    private final QuietSession session = new QuietSession(journal);
    private final BatonConnection connection = new BatonConnection(session);
    /** Its rows are not PgJDBC's: a digest of them would fail. */
    private final FakeJdbc raw = new FakeJdbc(Statement.class, "plain");

    private final BatonStatement statement =
            new BatonStatement(connection, StatementRequest.statement(), raw.as(Statement.class));

    @BeforeEach
    void begin() {
        session.autoCommit = false;
    }

    private static ResultSet oneRow() {
        return new FakeJdbc(ResultSet.class, "rows").next("next", true).as(ResultSet.class);
    }

    private boolean reachesARow() throws SQLException {
        raw.next("getResultSet", oneRow());
        return Objects.requireNonNull(statement.getResultSet()).next();
    }

    @Test
    void resultBesideAnotherOneThatIsKeptOpenIsReadWithoutTheFirstOnesDigest() throws SQLException {
        statement.execute("SELECT 1, 2; SELECT 3");
        statement.getResultSet();
        raw.next("getLargeUpdateCount", -1L);
        statement.getMoreResults(Statement.KEEP_CURRENT_RESULT);

        assertThat(journal.recording()).isFalse();
        assertThat(reachesARow()).isTrue();
    }

    @Test
    void resultGoneOnToAfterTheTransactionIsReadWithoutTheFirstOnesDigest() throws SQLException {
        statement.execute("SELECT 1, 2; SELECT 3");
        statement.getResultSet();
        journal.clear();
        statement.getMoreResults();

        assertThat(reachesARow()).isTrue();
        assertThat(statement.getGeneratedKeys()).isNotNull();
    }

    /** Making one may pass journalLimit, and so clear the steps while they are gone over. */
    @Test
    void askingAStepWhetherItShowsAResultMakesNoDigest() throws SQLException {
        RunStep step = new RunStep(statement, Run.EXECUTE, "SELECT 1", null, null, List.of(), 0);
        journal.record(step);
        long before = journal.bytes();
        BatonResultSet result = new BatonResultSet(session, statement, oneRow(), new Rows());

        assertThat(step.shows(result)).isFalse();
        assertThat(step.showsKeys(result)).isFalse();
        assertThat(journal.bytes()).isEqualTo(before);

        BatonResultSet own = new BatonResultSet(session, statement, oneRow(), step.rows());
        BatonResultSet keys = new BatonResultSet(session, statement, oneRow(), step.keys());
        assertThat(step.shows(own)).isTrue();
        assertThat(step.showsKeys(keys)).isTrue();
    }
}
