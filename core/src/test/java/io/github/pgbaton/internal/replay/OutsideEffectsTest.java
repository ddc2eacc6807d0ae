package io.github.pgbaton.internal.replay;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class OutsideEffectsTest {
    private final OutsideEffects outside = OutsideEffects.besides(Set.of("charge_card", "refresh"));

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', textBlock = """
            SELECT dblink_exec('x', 'DELETE FROM y')          | calls dblink_exec()
            INSERT INTO a SELECT * FROM dblink('x', 'y') z    | calls dblink()
            SELECT (http_post('u', 'b', 'c')).status          | calls http_post()
            SELECT http('GET')                                | calls http()
            SELECT lo_import('/etc/passwd')                   | calls lo_import()
            select PG_CATALOG.SETVAL('s', 1)                  | calls setval()
            SELECT pg_terminate_backend(1)                    | calls pg_terminate_backend()
            SELECT pg_copy_logical_replication_slot('a', 'b') | calls pg_copy_logical_replication_slot()
            SELECT pg_copy_physical_replication_slot('a','b') | calls pg_copy_physical_replication_slot()
            SELECT pg_replication_origin_advance('a', '0/1')  | calls pg_replication_origin_advance()
            /* c */ COPY a FROM STDIN                         | runs COPY
            SELECT 1; COPY a TO PROGRAM 'x'                   | runs COPY
            CALL p()                                          | runs CALL
            DO $$ BEGIN END $$                                | runs DO
            PREPARE TRANSACTION 'x'                           | runs PREPARE
            SELECT charge_card(1)                             | calls charge_card()
            REFRESH MATERIALIZED VIEW v                       | runs REFRESH
            """)
    void whatARollbackDoesNotUndoIsRecognised(String sql, String why) {
        assertThat(outside.of(sql)).contains(why);
        assertThat(outside.of(sql)).as("asked again").contains(why);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SELECT 'dblink_exec(1)'",
                "SELECT \"dblink\" FROM t",
                "SELECT 1 -- call p()",
                "INSERT INTO copy VALUES (1)",
                "SELECT call FROM calls",
                "SELECT charge_card FROM prices",
                "SELECT nextval('s')",
                "SELECT pg_advisory_xact_lock(1)"
            })
    void nothingElseIs(String sql) {
        assertThat(outside.of(sql)).isNull();
    }

    @Test
    void longTextsAreJudgedAndNotRemembered() {
        OutsideEffects own = OutsideEffects.besides(Set.of("only_here"));
        for (int i = 0; i < 100; i++) {
            String values = "INSERT INTO t VALUES ('" + "x".repeat(10_000) + i + "')";
            assertThat(own.of(values)).isNull();
            assertThat(own.of(values + "; SELECT only_here()")).contains("only_here()");
        }
        assertThat(own.remembered()).isZero();
    }

    @Test
    void textsWithoutEndAreNotRememberedWithoutEnd() {
        OutsideEffects own = OutsideEffects.besides(Set.of("nor_here"));
        for (int i = 0; i < 10_000; i++) {
            own.of("SELECT " + i);
        }
        assertThat(own.remembered()).isPositive().isLessThan(50_000);
    }
}
