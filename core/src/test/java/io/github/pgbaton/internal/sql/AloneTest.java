package io.github.pgbaton.internal.sql;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.pgbaton.internal.sql.Alone.Kind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a text that is sent by itself is told to be. */
class AloneTest {

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SELECT 1",
                "  select * from t where a = ';' ; ",
                "(SELECT 1) UNION (SELECT 2)",
                "WITH a AS (SELECT 1) SELECT * FROM a",
                "VALUES (1)",
                "TABLE t",
                "SHOW timezone",
                "/* insert */ SELECT 'INSERT INTO t', $$ DELETE $$ -- update",
                "SELECT \"insert\" FROM t",
                "SELECT größe FROM t WHERE a = 'ß'"
            })
    void queriesAreRecognised(String sql) {
        assertThat(Alone.of(sql).kind()).isEqualTo(Kind.QUERY);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "INSERT INTO t VALUES (1)",
                "with a as (delete from t returning b) select * from a",
                "WITH a AS (SELECT 1) INSERT INTO t SELECT * FROM a",
                "SELECT a INTO made FROM t",
                "SELECT a FROM t FOR UPDATE",
                "SELECT a FROM t FOR KEY SHARE",
                "MERGE INTO t USING s ON true WHEN MATCHED THEN DELETE",
                "TRUNCATE t",
                "CREATE TABLE t (a int)",
                "CREATE UNIQUE INDEX ON t (a)",
                "ALTER TABLE t ADD b int",
                "/* a comment with BEGIN; in it */ INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING"
            })
    void changesThatATransactionMayHoldAreRecognised(String sql) {
        assertThat(Alone.of(sql).kind()).isEqualTo(Kind.CHANGE);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                ";",
                "SELECT 1; SELECT 2",
                "INSERT INTO t VALUES (1); COMMIT",
                "BEGIN",
                "COMMIT",
                "CALL p()",
                "{call p()}",
                "{? = call f()}",
                "DO $$ BEGIN END $$",
                "COPY t FROM STDIN",
                "VACUUM t",
                "CREATE DATABASE d",
                "DROP DATABASE d",
                "ALTER SYSTEM SET work_mem = 1",
                "CREATE TABLESPACE s LOCATION '/'",
                "CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p",
                "CREATE INDEX CONCURRENTLY ON t (a)",
                "DROP INDEX CONCURRENTLY i",
                "ALTER TABLE t DETACH PARTITION p CONCURRENTLY",
                "REINDEX TABLE t",
                "EXPLAIN ANALYZE INSERT INTO t VALUES (1)",
                "EXECUTE p",
                "FETCH c",
                "LISTEN c",
                "SET a = 1"
            })
    void everythingElseIsNeverRunAgain(String sql) {
        assertThat(Alone.of(sql).kind()).isEqualTo(Kind.OTHER);
    }

    /** It may be in a transaction, but nobody can look up what it calls. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "SELECT U&\"f\\006Fo\"()",
                "SELECT {fn now()}",
                "SELECT \uD83D\uDE00f(1)",
                "SELECT\u2003f(1)",
                "SELECT a123456789012345678901234567890123456789012345678901234567890123456789(1)"
            })
    void queriesWhoseNamesAreReadOtherwiseByPostgresAreNoQueries(String sql) {
        assertThat(Alone.of(sql).kind()).isEqualTo(Kind.CHANGE);
    }

    @Test
    void everyNameOfAQueryIsThereAsPostgresReadsIt() {
        assertThat(Alone.of("SELECT F(a), \"G\" (b), t.h FROM s.V v -- x()\n WHERE 'y()' <> ?")
                        .names())
                .contains("f", "G", "h", "v", "s", "t")
                .doesNotContain("x", "y");
    }

    @Test
    void callsOfWhatIsNotPlainlyHarmlessAreTold() {
        assertThat(Alone.of("SELECT count(*), max(a) FROM t WHERE b IN (1, 2) AND (c = 1)")
                        .calls())
                .isFalse();
        assertThat(Alone.of("SELECT f(a) FROM t").calls()).isTrue();
        assertThat(Alone.of("SELECT \"Count\" (a) FROM t").calls()).isTrue();
    }
}
