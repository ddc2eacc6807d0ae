package io.github.pgbaton.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.github.pgbaton.scripted.WireProxy.Action;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** SQL text that ends a transaction may fail and have ended it all the same: what it ended is never run again. */
@Timeout(180)
class CommitTextIT extends WireBench {
    @ParameterizedTest
    @ValueSource(strings = {"COMMIT; SELECT 1/0", "INSERT INTO wired VALUES ('b'); COMMIT; SELECT 1/0"})
    void commitInATextThatFailedIsNotReplayed(String sql) throws Exception {
        run(insert("a"));
        assertThat(failing(sql)).isEqualTo("22012");
        run(insert("c"));
        once(sent -> executes(sent, insert("d")), Action.LOSE);
        run(insert("d"));
        connection.commit();

        assertThat(rows()).doesNotHaveDuplicates().contains("a", "c", "d");
    }

    @Test
    void commitInABatchThatFailedIsNotReplayed() throws Exception {
        run(insert("a"));
        try (Statement batch = connection.createStatement()) {
            batch.addBatch("COMMIT");
            batch.addBatch("INSERT INTO wired_sum VALUES (1/0)");
            assertThat(catchThrowableOfType(SQLException.class, batch::executeBatch)
                            .getSQLState())
                    .isEqualTo("22012");
        }
        run(insert("c"));
        once(sent -> executes(sent, insert("d")), Action.LOSE);
        run(insert("d"));
        connection.commit();

        assertThat(rows()).containsExactly("a", "c", "d");
    }

    /** What refused it the first time is mended when it would be run again. */
    @ParameterizedTest
    @ValueSource(strings = {"COMMIT", "END"})
    void commitThatWasRefusedIsNotReplayed(String sql) throws Exception {
        asAdmin(
                "CREATE TABLE IF NOT EXISTS wired_parent (v text PRIMARY KEY)",
                "TRUNCATE wired_parent CASCADE",
                "DROP TABLE IF EXISTS wired_child",
                "CREATE TABLE wired_child (v text REFERENCES wired_parent DEFERRABLE INITIALLY DEFERRED)",
                "GRANT ALL ON wired_child TO PUBLIC");
        run(insert("a"));
        run("INSERT INTO wired_child VALUES ('a')");
        assertThat(failing(sql)).isEqualTo("23503");
        asAdmin("INSERT INTO wired_parent VALUES ('a')");
        run(insert("a"));
        once(sent -> executes(sent, insert("b")), Action.LOSE);
        run(insert("b"));
        connection.commit();

        assertThat(rows()).containsExactly("a", "b");
        assertThat(text(admin, "SELECT count(*) FROM wired_child")).isEqualTo("0");
    }

    /** Of its two transactions the first is committed, so nobody may say that nothing was. */
    @Test
    void transactionChainedToACommitWhoseTextFailedIsUnknownWhenItIsCut() throws Exception {
        run(insert("a"));
        assertThat(failing("COMMIT AND CHAIN; SELECT 1/0")).isEqualTo("22012");
        once(sent -> executes(sent, "SELECT 1"), Action.LOSE);

        assertThat(failing("SELECT 1")).isEqualTo("08007");
        connection.rollback();
        run(insert("b"));
        connection.commit();
        assertThat(rows()).containsExactly("a", "b");
    }

    /** It is in doubt, and was not READ ONLY any more: to run it again would write twice. */
    @Test
    void transactionMadeToWriteByATextThatFailedIsNotTakenForOneThatReads() throws Exception {
        connection.setReadOnly(true);
        assertThat(failing("SET TRANSACTION READ WRITE; SAVEPOINT s; SELECT 1/0"))
                .isEqualTo("22012");
        run("ROLLBACK TO s");
        run(insert("a"));
        once(sent -> executes(sent, "COMMIT") || commits(sent), Action.LOSE_ANSWER);

        assertThat(catchThrowableOfType(SQLException.class, connection::commit).getSQLState())
                .isEqualTo("08007");
        assertThat(rows()).containsExactly("a");
    }

    /** Nobody knows whether its COMMIT was the part that failed. */
    @Test
    void settingOfATransactionThatEndedInATextThatFailedIsMissed() throws Exception {
        run("SET statement_timeout TO '70s'");
        assertThat(failing("COMMIT; SELECT 1/0")).isEqualTo("22012");
        once(sent -> executes(sent, "SELECT 1"), Action.LOSE);

        assertThat(failing("SELECT 1")).isEqualTo("08S02");
    }

    private String failing(String sql) {
        return catchThrowableOfType(SQLException.class, () -> run(sql)).getSQLState();
    }
}
