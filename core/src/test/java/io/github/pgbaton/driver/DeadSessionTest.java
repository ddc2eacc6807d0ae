package io.github.pgbaton.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.github.pgbaton.pool.NoSessionException;
import io.github.pgbaton.scripted.ScriptedPostgres.Reaction;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Savepoint;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Calls that end or shorten a transaction, on a session that is gone before they are made. */
@Timeout(60)
class DeadSessionTest extends PairOnScripts {
    DeadSessionTest() {
        super("dead");
    }

    @Test
    void commitWithNothingOpenOnADeadSessionSendsNothing() throws Exception {
        try (Connection connection = scripts.following("replay=off").getConnection()) {
            connection.setAutoCommit(false);
            Scripts.run(connection, "INSERT INTO t VALUES (1)");
            connection.commit();
            source.elect("node2");
            connection.commit();
            assertThat(second.accepted()).as("no session was needed").isZero();
        }
        assertThat(first.statements()).containsExactly("BEGIN", "INSERT INTO t VALUES (1)", "COMMIT");
    }

    @Test
    void rollbackToASavepointOnADeadSessionIs40001() throws Exception {
        try (Connection connection = scripts.following("replay=off").getConnection()) {
            connection.setAutoCommit(false);
            Scripts.run(connection, "INSERT INTO t VALUES (1)");
            Savepoint half = connection.setSavepoint("half");
            source.elect("node2");
            assertThatThrownBy(() -> connection.rollback(half))
                    .isInstanceOfSatisfying(
                            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("40001"));
            connection.rollback();
            Scripts.run(connection, "SELECT 1");
        }
        assertThat(second.statements()).startsWith("BEGIN", "SELECT 1");
    }

    @Test
    void replayThatFindsNoPrimaryInTimeIs08006AndThen40001UntilTheRollback() throws Exception {
        second.inRecovery(true);
        try (Connection connection = Scripts.opened(scripts.following("failoverTimeout=500ms"))) {
            connection.setAutoCommit(false);
            Scripts.run(connection, "INSERT INTO t VALUES (1)");
            source.elect("node2");
            assertThatThrownBy(() -> Scripts.run(connection, "INSERT INTO t VALUES (2)"))
                    .as("a pool keeps the connection by this class")
                    .isInstanceOfSatisfying(
                            NoSessionException.class,
                            e -> assertThat(e.getSQLState()).isEqualTo("08006"));
            assertThat(stateOf(connection)).isEqualTo("40001");
            connection.rollback();
            // Outside a transaction it waits again.
            assertThatThrownBy(() -> Scripts.run(connection, "SELECT 0"))
                    .isInstanceOfSatisfying(
                            NoSessionException.class,
                            e -> assertThat(e.getSQLState()).isEqualTo("08001"));
            second.inRecovery(false);
            Scripts.runAtLast(connection, "SELECT 1");
        }
        assertThat(second.statements()).contains("SELECT 1").doesNotContain("INSERT INTO t VALUES (1)", "COMMIT");
    }

    @Test
    void replayThatNoPrimaryWillEverLetInIs08006OfNoConnectionThatAPoolKeeps() throws Exception {
        second.refusing("app");
        try (Connection connection = Scripts.opened(scripts.following("failoverTimeout=20s"))) {
            connection.setAutoCommit(false);
            Scripts.run(connection, "INSERT INTO t VALUES (1)");
            source.elect("node2");
            assertThatThrownBy(() -> Scripts.run(connection, "INSERT INTO t VALUES (2)"))
                    .isNotInstanceOf(NoSessionException.class)
                    .isInstanceOfSatisfying(
                            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("08006"))
                    .hasMessageContaining("no new session on the primary was to be had");
        }
    }

    /** A source that asks now and then asks at once: nothing else tells it that its leader may be gone. */
    @Test
    void sessionThatBreaksHasTheSourceLookAgain() throws Exception {
        first.script(sql -> sql.equals("BREAK") ? Reaction.HANG_UP : Reaction.SUCCEED);
        try (Connection connection =
                scripts.following("replay=off", "commitOutcome=none").getConnection()) {
            Scripts.run(connection, "SELECT 1");
            int before = source.suspicions();
            assertThatThrownBy(() -> Scripts.run(connection, "BREAK")).isInstanceOf(SQLException.class);
            assertThat(source.suspicions()).isGreaterThan(before);
        }
    }

    private static String stateOf(Connection connection) {
        return catchThrowableOfType(SQLException.class, () -> Scripts.run(connection, "INSERT INTO t VALUES (2)"))
                .getSQLState();
    }
}
