package io.github.pgbaton.internal.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.internal.probe.Deadline;
import io.github.pgbaton.internal.routing.ClusterRef;
import io.github.pgbaton.internal.session.LogicalSession.CallKind;
import io.github.pgbaton.scripted.ScriptedPostgres.Reaction;
import io.github.pgbaton.topology.Switchover;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What becomes of a transaction, and of its COMMIT, when its session breaks at a chosen moment. */
@Timeout(60)
class LostTransactionTest extends SessionOnScripts {
    @Test
    void firstStatementOfATransactionIsRunAgainOnTheNewPrimary() throws Exception {
        first.script(sql -> {
            if (sql.startsWith("INSERT")) {
                failOver();
                return Reaction.SHUT_DOWN;
            }
            return Reaction.SUCCEED;
        });
        session.setAutoCommit(false);
        execute("INSERT INTO t VALUES (1)");
        session.commit();

        assertThat(second.statements()).containsExactly("BEGIN", "INSERT INTO t VALUES (1)", "COMMIT");
        assertThat(first.statements()).doesNotContain("COMMIT");
    }

    @Test
    void laterStatementOfATransactionFailsWith40001() throws Exception {
        first.script(sql -> sql.startsWith("UPDATE") ? Reaction.HANG_UP : Reaction.SUCCEED);
        session.setAutoCommit(false);
        execute("INSERT INTO t VALUES (1)");

        assertThat(stateOf(() -> execute("UPDATE t SET a = 1"))).isEqualTo("40001");
    }

    @Test
    void statementsAfterALostTransactionFailUntilItIsRolledBack() throws Exception {
        session.setAutoCommit(false);
        execute("INSERT INTO t VALUES (1)");
        failOver();

        assertThat(stateOf(() -> execute("INSERT INTO t VALUES (2)"))).isEqualTo("40001");
        assertThat(stateOf(() -> execute("INSERT INTO t VALUES (3)"))).isEqualTo("40001");
        session.rollback();
        execute("INSERT INTO t VALUES (4)");
        session.commit();
        assertThat(second.statements()).containsExactly("BEGIN", "INSERT INTO t VALUES (4)", "COMMIT");
    }

    @Test
    void commitOfALostTransactionFailsOnceAndEndsIt() throws Exception {
        session.setAutoCommit(false);
        execute("INSERT INTO t VALUES (1)");
        failOver();

        assertThat(stateOf(() -> session.commit())).isEqualTo("40001");
        execute("INSERT INTO t VALUES (2)");
        session.commit();
        assertThat(second.statements()).containsExactly("BEGIN", "INSERT INTO t VALUES (2)", "COMMIT");
    }

    @Test
    void commitInFlightIsReportedAsUnknownAndNotSentAgain() throws Exception {
        first.script(sql -> sql.equals("COMMIT") ? Reaction.HANG_UP : Reaction.SUCCEED);
        session.setAutoCommit(false);
        execute("INSERT INTO t VALUES (1)");

        assertThat(stateOf(() -> session.commit())).isEqualTo("08007");
        failOver();
        execute("SELECT 1");
        assertThat(second.statements())
                .doesNotContain("INSERT INTO t VALUES (1)")
                .containsExactly("BEGIN", "SELECT 1");
    }

    @Test
    void commitOnASessionThatDiedMeanwhileIsNotSentAndSoCertainlyLost() throws Exception {
        session.setAutoCommit(false);
        execute("INSERT INTO t VALUES (1)");
        first.dropSessions();
        rest();

        assertThat(stateOf(() -> session.commit())).isEqualTo("40001");
        execute("SELECT 1");
    }

    @Test
    void commitAfterTheServersLastWordsIsNotSentAndSoCertainlyLost() throws Exception {
        session.setAutoCommit(false);
        execute("INSERT INTO t VALUES (1)");
        first.terminateSessions();
        rest();

        assertThat(stateOf(() -> session.commit())).isEqualTo("40001");
        assertThat(first.statements()).doesNotContain("COMMIT");
    }

    @Test
    void shutdownDuringCommitIsUnknownToo() throws Exception {
        first.script(sql -> sql.equals("COMMIT") ? Reaction.SHUT_DOWN : Reaction.SUCCEED);
        session.setAutoCommit(false);
        execute("INSERT INTO t VALUES (1)");

        assertThat(stateOf(() -> session.commit())).isEqualTo("08007");
    }

    @Test
    void switchingToAutocommitCommitsAndFailsAsACommitDoes() throws Exception {
        first.script(sql -> sql.equals("COMMIT") ? Reaction.HANG_UP : Reaction.SUCCEED);
        session.setAutoCommit(false);
        execute("INSERT INTO t VALUES (1)");

        assertThat(stateOf(() -> session.setAutoCommit(true))).isEqualTo("08007");
        assertThat(session.getAutoCommit()).isFalse();
    }

    /** The second one would be committed without the first. */
    @Test
    void transactionWhoseFirstStatementFindsNoPrimaryToBeRunAgainOnIsLostUntilItIsRolledBack() throws Exception {
        impatient();
        first.script(sql -> {
            if (sql.startsWith("INSERT INTO t VALUES (1)")) {
                source.loseLeader();
                return Reaction.HANG_UP;
            }
            return Reaction.SUCCEED;
        });
        session.setAutoCommit(false);

        assertThat(stateOf(() -> execute("INSERT INTO t VALUES (1)"))).isEqualTo("08006");
        failOver();
        SQLException lost = catchThrowableOfType(SQLException.class, () -> execute("INSERT INTO t VALUES (2)"));
        assertThat(lost.getSQLState()).isEqualTo("40001");
        assertThat(lost.getMessage())
                .contains("there was no primary in time")
                .contains("roll back and run the whole transaction again");
        assertThat(stateOf(() -> session.commit())).isEqualTo("40001");
        assertThat(second.statements()).isEmpty();
        runAtLast("INSERT INTO t VALUES (3)");
        session.commit();
        assertThat(second.statements()).containsExactly("BEGIN", "INSERT INTO t VALUES (3)", "COMMIT");
    }

    /** As where its call is cancelled, or meets its query time-out, while the new primary is waited for. */
    @Test
    void transactionWhoseFirstStatementIsGivenUpWhileASwitchoverIsWaitedForIsLostUntilItIsRolledBack()
            throws Exception {
        first.script(sql -> {
            if (sql.startsWith("INSERT INTO t VALUES (1)")) {
                source.announce(new Switchover("node1", null, false).asBegun());
                return Reaction.HANG_UP;
            }
            return Reaction.SUCCEED;
        });
        session.setAutoCommit(false);
        try (Statement statement = session.attach().createStatement()) {
            SQLException broken =
                    catchThrowableOfType(SQLException.class, () -> statement.execute("INSERT INTO t VALUES (1)"));
            session.recover(broken, CallKind.EXECUTE, "INSERT INTO t VALUES (1)");
        }
        Thread.currentThread().interrupt();
        assertThat(stateOf(() -> session.attach())).isEqualTo("08001");
        assertThat(Thread.interrupted()).isTrue();
        failOver();

        assertThat(stateOf(() -> execute("INSERT INTO t VALUES (2)"))).isEqualTo("40001");
        session.rollback();
        assertThat(second.statements()).isEmpty();
    }

    private void impatient() throws SQLException {
        session.close();
        session = FollowingSession.open(
                ClusterRef.acquire(spec("failoverTimeout=500ms", "replay=off")), Deadline.in(PATIENCE));
    }

    private void runAtLast(String sql) {
        await().atMost(PATIENCE).until(() -> {
            try {
                execute(sql);
                return true;
            } catch (SQLException e) {
                if ("08001".equals(e.getSQLState())) {
                    return false;
                }
                throw e;
            }
        });
    }

    @Test
    void firstStatementThatMayHaveCommittedIsUnknownUntilItIsRolledBack() throws Exception {
        first.script(sql -> sql.startsWith("INSERT") ? Reaction.HANG_UP : Reaction.SUCCEED);
        session.setAutoCommit(false);
        String sql = "INSERT INTO t VALUES (1); COMMIT";

        assertThat(stateOf(() -> execute(sql))).isEqualTo("08007");
        assertThat(stateOf(() -> execute("SELECT 1")))
                .as("never certain afterwards")
                .isEqualTo("08007");
        session.rollback();
        failOver();
        execute("SELECT 1");
    }

    @Test
    void firstStatementWhoseReadTimedOutIsNotRunBesideItself() throws Exception {
        first.script(sql -> sql.startsWith("UPDATE") ? Reaction.HANG : Reaction.SUCCEED);
        session.setAutoCommit(false);
        session.attach().setNetworkTimeout(Runnable::run, 300);

        assertThat(stateOf(() -> execute("UPDATE t SET a = 1"))).isEqualTo("40001");
        assertThat(first.statements()).containsOnlyOnce("UPDATE t SET a = 1");
    }

    @Test
    void nextBorrowerDoesNotInheritALostTransaction() throws Exception {
        execute("BEGIN");
        execute("INSERT INTO t VALUES (1)");
        failOver();
        assertThat(stateOf(() -> execute("INSERT INTO t VALUES (2)"))).isEqualTo("40001");

        session.requestBoundary();
        execute("SELECT 1");
        assertThat(second.statements()).containsExactly("SELECT 1");
    }

    @Test
    void commitInsideSqlTextIsUnknown() throws Exception {
        first.script(sql -> sql.startsWith("COMMIT") ? Reaction.HANG_UP : Reaction.SUCCEED);
        session.setAutoCommit(false);
        execute("INSERT INTO t VALUES (1)");

        assertThat(stateOf(() -> execute("COMMIT; SELECT 1"))).isEqualTo("08007");
    }

    @Test
    void transactionBegunBySqlTextIsNeverSplit() throws Exception {
        execute("BEGIN");
        execute("INSERT INTO t VALUES (1)");
        failOver();

        assertThat(stateOf(() -> execute("INSERT INTO t VALUES (2)"))).isEqualTo("40001");
        assertThat(second.statements()).isEmpty();
        session.rollback();
        execute("INSERT INTO t VALUES (3)");
        assertThat(second.statements()).containsExactly("INSERT INTO t VALUES (3)");
    }

    @Test
    void rollbackOnADeadSessionSucceeds() throws Exception {
        first.script(sql -> sql.equals("ROLLBACK") ? Reaction.HANG_UP : Reaction.SUCCEED);
        session.setAutoCommit(false);
        execute("INSERT INTO t VALUES (1)");
        session.rollback();
        failOver();
        execute("SELECT 1");
        assertThat(second.statements()).containsExactly("BEGIN", "SELECT 1");
    }

    @Test
    void rowWrittenThroughAResultIsUnknownInAutocommitAndLostInATransaction() throws Exception {
        execute("SELECT 1");
        first.dropSessions();
        assertThat(stateOf(
                        () -> session.recover(new SQLException("gone", "08006", closed()), CallKind.UPDATE_ROW, null)))
                .isEqualTo("40003");
        session.setAutoCommit(false);
        session.attach();
        session.current().close();
        assertThat(stateOf(() -> session.recover(new SQLException("gone", "08006"), CallKind.UPDATE_ROW, null)))
                .isEqualTo("40001");
        assertThat(stateOf(() -> execute("SELECT 2"))).as("the second half").isEqualTo("40001");
    }

    private Throwable closed() throws SQLException {
        session.current().close();
        return new java.io.IOException("closed");
    }
}
