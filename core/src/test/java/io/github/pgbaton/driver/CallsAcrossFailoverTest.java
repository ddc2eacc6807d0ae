package io.github.pgbaton.driver;

import static io.github.pgbaton.driver.Scripts.run;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.pgbaton.scripted.ScriptedLeaderSource;
import io.github.pgbaton.scripted.ScriptedPostgres;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What becomes of a batch, and of what a pool does with a connection, when the primary changes in between. */
@Timeout(60)
class CallsAcrossFailoverTest {
    private final Scripts scripts = new Scripts("calls");

    @AfterEach
    void closeAll() throws Exception {
        scripts.close();
    }

    @Test
    void batchThatHoldsACommitIsNotRunAgain() throws Exception {
        ScriptedPostgres primary = scripts.server();
        scripts.source(primary).elect("node1");
        primary.script(sql ->
                sql.startsWith("SELECT 1") ? ScriptedPostgres.Reaction.HANG_UP : ScriptedPostgres.Reaction.SUCCEED);
        try (Connection connection = scripts.following().getConnection();
                Statement batch = connection.createStatement()) {
            connection.setAutoCommit(false);
            batch.addBatch("INSERT INTO t VALUES (1)");
            batch.addBatch("COMMIT");
            batch.addBatch("SELECT 1");
            assertThatThrownBy(batch::executeBatch)
                    .isInstanceOfSatisfying(
                            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("08007"));
        }
        assertThat(primary.statements()).containsOnlyOnce("INSERT INTO t VALUES (1)");
    }

    @Test
    void batchOfALostTransactionIsGoneWhenItsRowsAreAddedAgain() throws Exception {
        ScriptedPostgres old = scripts.server();
        ScriptedPostgres next = scripts.server().timeline(2);
        ScriptedLeaderSource source = scripts.source(old, next);
        source.elect("node1");
        try (Connection connection = scripts.following("replay=off").getConnection();
                Statement batch = connection.createStatement();
                PreparedStatement prepared = connection.prepareStatement("DELETE FROM p")) {
            connection.setAutoCommit(false);
            batch.addBatch("INSERT INTO t VALUES (1)");
            prepared.addBatch();
            run(connection, "SELECT 1");
            source.elect("node2");
            assertThatThrownBy(batch::executeBatch).hasMessageContaining("roll back");
            assertThatThrownBy(prepared::executeLargeBatch).hasMessageContaining("roll back");
            connection.rollback();
            batch.addBatch("INSERT INTO t VALUES (1)");
            assertThat(batch.executeBatch()).hasSize(1);
            prepared.addBatch();
            assertThat(prepared.executeLargeBatch()).hasSize(1);
            connection.commit();
        }
        assertThat(next.statements()).containsOnlyOnce("INSERT INTO t VALUES (1)");
    }

    @Test
    void givingAConnectionBackDoesNotWaitForAPrimary() throws Exception {
        ScriptedPostgres old = scripts.server();
        ScriptedPostgres next = scripts.server().timeline(2);
        ScriptedLeaderSource source = scripts.source(old, next);
        source.elect("node1");
        try (Connection connection = scripts.following().getConnection()) {
            run(connection, "SELECT 1");
            next.inRecovery(true);
            source.elect("node2");
            // What a pool does with a connection that it takes back; none of it needs the server.
            connection.clearWarnings();
            connection.setReadOnly(true);
            connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
            connection.setSchema("accounts");
            assertThat(next.statements()).isEmpty();
            next.inRecovery(false);
            connection.setAutoCommit(false);
            run(connection, "SELECT 2");
            assertThat(connection.isReadOnly()).isTrue();
        }
        assertThat(next.statements()).anyMatch(sql -> sql.contains("SERIALIZABLE"));
        assertThat(next.statements()).anyMatch(sql -> sql.contains("accounts"));
    }
}
