package io.github.pgbaton.internal.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.pgbaton.internal.session.LogicalSession.CallKind;
import java.sql.BatchUpdateException;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A statement on a session that moves. */
class BatonStatementTest {
    private static final SQLException BROKEN = new SQLException("broken", "08006");

    private final ScriptedSession session = new ScriptedSession();
    private final BatonConnection connection = new BatonConnection(session);
    private Statement statement;
    private FakeJdbc first;

    @BeforeEach
    void create() throws SQLException {
        statement = connection.createStatement();
        first = session.physical().child(0);
    }

    private FakeJdbc second() {
        return session.physical().child(0);
    }

    @Test
    void isMadeAnewOnANewSessionWithItsSettingsAndItsBatch() throws SQLException {
        statement.setFetchSize(10);
        statement.setMaxRows(20);
        statement.setQueryTimeout(30);
        statement.setMaxFieldSize(40);
        statement.setEscapeProcessing(false);
        statement.setPoolable(true);
        statement.closeOnCompletion();
        statement.setFetchDirection(ResultSet.FETCH_REVERSE);
        statement.setCursorName("cursor");
        statement.addBatch("INSERT 1");
        statement.addBatch("INSERT 2");
        session.moveOnNextAttach();

        statement.executeBatch();

        assertThat(second().texts())
                .containsExactlyInAnyOrder(
                        "setFetchSize(10)",
                        "setMaxRows(20)",
                        "setQueryTimeout(30)",
                        "setMaxFieldSize(40)",
                        "setEscapeProcessing(false)",
                        "setPoolable(true)",
                        "closeOnCompletion()",
                        "setFetchDirection(1001)",
                        "setCursorName(cursor)",
                        "addBatch(INSERT 1)",
                        "addBatch(INSERT 2)",
                        "executeBatch()")
                .endsWith("addBatch(INSERT 1)", "addBatch(INSERT 2)", "executeBatch()");
    }

    @Test
    void leavesAloneWhatWasNeverSet() throws SQLException {
        session.moveOnNextAttach();

        statement.execute("SELECT 1");

        assertThat(second().texts()).containsExactly("execute(SELECT 1)");
    }

    @Test
    void theLaterOfTwoRowLimitsIsTheOneKept() throws SQLException {
        statement.setMaxRows(5);
        statement.setLargeMaxRows(6);
        session.moveOnNextAttach();

        statement.execute("SELECT 1");

        assertThat(second().texts()).containsExactly("setLargeMaxRows(6)", "execute(SELECT 1)");
    }

    @Test
    void isMadeAsItWasAskedFor() throws SQLException {
        Statement scrollable = connection.createStatement(
                ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.CONCUR_UPDATABLE, ResultSet.HOLD_CURSORS_OVER_COMMIT);
        session.moveOnNextAttach();

        scrollable.execute("SELECT 1");

        assertThat(session.physical().texts()).containsExactly("createStatement(1004, 1008, 1)");
    }

    @Test
    void runsAgainOnTheNewSessionWhenRecoverSaysSo() throws SQLException {
        first.next("executeUpdate", BROKEN);
        session.recoverOnNewSession();

        statement.executeUpdate("UPDATE t SET a = 1");

        assertThat(second().texts()).containsExactly("executeUpdate(UPDATE t SET a = 1)");
        assertThat(session.asked())
                .containsExactly(new ScriptedSession.Asked(BROKEN, CallKind.EXECUTE, "UPDATE t SET a = 1"));
    }

    @Test
    void runsAgainOnTheSameSessionWhenRecoverSaysSo() throws SQLException {
        first.next("execute", BROKEN);
        session.recoverHere();

        statement.execute("SELECT 1");

        assertThat(first.texts()).containsExactly("execute(SELECT 1)", "execute(SELECT 1)");
    }

    @Test
    void throwsWhatRecoverThrows() {
        first.next("executeQuery", BROKEN);

        assertThatThrownBy(() -> statement.executeQuery("SELECT 1")).isSameAs(BROKEN);
    }

    @Test
    void aNewSessionThatDiesWhileTheStatementIsMadeIsAskedAbout() throws SQLException {
        session.move();
        session.physical().next("createStatement", BROKEN);
        session.recoverOnNewSession();

        statement.execute("SELECT 1");

        assertThat(session.generation()).isEqualTo(3);
        assertThat(second().texts()).containsExactly("execute(SELECT 1)");
    }

    @Test
    void aBatchThatMayRunAgainIsGivenAgainEvenOnTheSameSession() throws SQLException {
        // PgJDBC empties its batch before it sends it: to call executeBatch again would send nothing and succeed.
        statement.addBatch("INSERT 1");
        first.next("executeBatch", BROKEN);
        session.recoverHere();

        statement.executeBatch();

        FakeJdbc anew = session.physical().child(1);
        assertThat(anew.texts()).containsExactly("addBatch(INSERT 1)", "executeBatch()");
    }

    @Test
    void aBatchThatRanIsNotGivenToALaterSession() throws SQLException {
        statement.addBatch("INSERT 1");
        statement.executeBatch();
        session.moveOnNextAttach();

        statement.executeBatch();

        assertThat(second().texts()).containsExactly("executeBatch()");
    }

    @Test
    void aBatchThatFailedIsNotGivenToALaterSession() throws SQLException {
        statement.addBatch("INSERT 1");
        first.next("executeBatch", new BatchUpdateException("duplicate", "23505", new int[0]));
        assertThatThrownBy(() -> statement.executeBatch()).isInstanceOf(BatchUpdateException.class);
        session.moveOnNextAttach();

        statement.executeBatch();

        assertThat(second().texts()).containsExactly("executeBatch()");
    }

    @Test
    void recordsStepsOnlyInATransaction() throws SQLException {
        statement.execute("SELECT 1");
        assertThat(session.steps()).isZero();

        session.setAutoCommit(false);
        statement.execute("SELECT 1");
        statement.executeQuery("SELECT 2");
        statement.executeBatch(); // Empty: nothing is sent.
        statement.addBatch("INSERT 1");
        statement.addBatch("INSERT 2");
        statement.executeBatch();
        assertThat(session.steps()).isEqualTo(3);
    }

    @Test
    void settingsAndGettersDoNotAskForASession() throws SQLException {
        int attached = session.attached();

        statement.setFetchSize(5);
        statement.getUpdateCount();
        statement.getWarnings();

        assertThat(session.attached()).isEqualTo(attached);
    }

    @Test
    void theSameResultIsTheSameObject() throws SQLException {
        ResultSet rows = new FakeJdbc(ResultSet.class, "rows").as(ResultSet.class);
        ResultSet others = new FakeJdbc(ResultSet.class, "others").as(ResultSet.class);
        first.next("executeQuery", rows).next("getResultSet", rows).next("getResultSet", others);

        ResultSet queried = statement.executeQuery("SELECT 1");

        assertThat(queried).isInstanceOf(BatonResultSet.class);
        assertThat(statement.getResultSet()).isSameAs(queried);
        assertThat(statement.getResultSet()).isInstanceOf(BatonResultSet.class).isNotSameAs(queried);
    }

    @Test
    void generatedKeysAreOursAndTheirStatementIsThis() throws SQLException {
        ResultSet keys = statement.getGeneratedKeys();

        assertThat(keys).isInstanceOf(BatonResultSet.class);
        assertThat(keys.getStatement()).isSameAs(statement);
        assertThat(statement.getConnection()).isSameAs(connection);
    }

    @Test
    void theOldDelegateIsClosedOnlyByTheNextExecution() throws SQLException {
        statement.executeQuery("SELECT 1");
        session.moveOnNextAttach();

        statement.unwrap(Runnable.class); // Attaches, and runs nothing.
        assertThat(first.texts()).doesNotContain("close()");

        statement.execute("SELECT 2");
        assertThat(first.texts()).endsWith("close()");
    }

    @Test
    void closesTwiceAsOnce() throws SQLException {
        statement.close();
        statement.close();

        assertThat(first.texts()).containsExactly("close()");
        assertThat(statement.isClosed()).isTrue();
    }

    @Test
    void closedItRefusesToRunAndWaitsForNoPrimary() throws SQLException {
        statement.close();
        int attached = session.attached();

        assertThatThrownBy(() -> statement.execute("SELECT 1"))
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("55000"));
        assertThat(session.attached()).isEqualTo(attached);
    }

    @Test
    void closedByItsOwnCompletionItIsNotOpenedByANewSession() throws SQLException {
        first.as(Statement.class).close();
        session.moveOnNextAttach();

        assertThatThrownBy(() -> statement.execute("SELECT 1"))
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("55000"));
    }

    @Test
    void closingOneOfADeadSessionIsSilent() throws SQLException {
        first.next("close", BROKEN);
        session.move();

        statement.close();

        assertThat(statement.isClosed()).isTrue();
    }

    @Test
    void isClosedWithItsConnection() throws SQLException {
        connection.close();

        assertThat(statement.isClosed()).isTrue();
        assertThatThrownBy(() -> statement.execute("SELECT 1"))
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("08003"));
    }

    @Test
    void cancelGoesStraightToTheDelegateOfNow() throws SQLException {
        int attached = session.attached();

        statement.cancel();

        assertThat(first.texts()).containsExactly("cancel()");
        assertThat(session.attached()).isEqualTo(attached);
    }

    @Test
    void unwrapsToItselfAndToTheDelegatesTypes() throws SQLException {
        assertThat(statement.unwrap(Statement.class)).isSameAs(statement);
        assertThat(statement.isWrapperFor(Statement.class)).isTrue();
        first.next("isWrapperFor", true).next("unwrap", new SQLException("Cannot unwrap"));
        assertThat(statement.isWrapperFor(Runnable.class)).isTrue();
        assertThatThrownBy(() -> statement.unwrap(Runnable.class)).isInstanceOf(SQLException.class);
    }
}
