package io.github.pgbaton.internal.replay;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TransactionControlTest {

    @ParameterizedTest
    @ValueSource(
            strings = {
                "COMMIT",
                "commit;",
                "END",
                "INSERT INTO t VALUES (1); COMMIT",
                "ROLLBACK; INSERT INTO t VALUES (1)",
                "ABORT",
                "  \n\tCOMMIT",
                "-- harmless\nCOMMIT",
                "{call settle()}",
                "{? = call settle()}",
                "INSERT INTO t VALUES ('CASE'); END",
                "PREPARE TRANSACTION 'x'",
                "CALL settle()",
                "DO $$ BEGIN COMMIT; END $$",
                "/* hint */ Commit And Chain",
                "ROLLBACK TO SAVEPOINT a; COMMIT",
                "INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING; COMMIT",
                "INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING; DO $$ BEGIN COMMIT; END $$"
            })
    void textThatMayEndATransactionIsRecognised(String sql) {
        assertThat(TransactionControl.possible(sql)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "INSERT INTO t VALUES (1)",
                "SELECT * FROM commits",
                "UPDATE t SET committed = true",
                "ROLLBACK TO SAVEPOINT a",
                "ROLLBACK WORK TO a",
                "INSERT INTO t VALUES (1) ON CONFLICT (id) DO UPDATE SET a = 1",
                "SAVEPOINT a",
                "SELECT CASE WHEN a THEN 1 ELSE 2 END FROM t;",
                "UPDATE t SET a = 'please commit'",
                "WITH x AS (SELECT 1) SELECT CASE a WHEN 1 THEN 2 END FROM x",
                "SELECT ends_at, docs FROM endings"
            })
    void textThatStaysInsideIsNot(String sql) {
        assertThat(TransactionControl.possible(sql)).isFalse();
    }

    @Test
    void noTextIsNoControl() {
        assertThat(TransactionControl.possible(null)).isFalse();
    }
}
