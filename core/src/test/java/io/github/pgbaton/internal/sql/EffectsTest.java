package io.github.pgbaton.internal.sql;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.pgbaton.internal.sql.Effect.Holding;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What SQL text is understood to do to its session. */
class EffectsTest {

    private static List<Effect> effects(String sql) {
        return Effects.of(sql).all();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SELECT 1",
                "  select * from t where a = ';'  ; ",
                "(SELECT 1) UNION (SELECT 2)",
                "INSERT INTO t VALUES (?, ?)",
                "update t set b = 'SET x = 1'",
                "DELETE FROM t",
                "WITH a AS (SELECT 1) SELECT * FROM a",
                "SELECT 'set_config(''a'', ''b'', false)'",
                "SELECT 1 -- ; SET a = 1\n + 1",
                "SELECT $$; SET a = 1$$, $t$;RESET ALL;$t$",
                "SELECT pg_advisory_xact_lock(1)",
                "CREATE TABLE temp_of_day (a int)",
                "SET LOCAL work_mem = '1MB'",
                "SET TRANSACTION READ ONLY",
                "SET CONSTRAINTS ALL DEFERRED",
                "SET transaction_isolation = 'serializable'",
                "SET SESSION transaction_deferrable TO on",
                "RESET TRANSACTION ISOLATION LEVEL",
                "CREATE TEMP TABLE t (a int) ON COMMIT DROP",
                "DECLARE c CURSOR FOR SELECT 1",
                "/* SET a = 1; */ SELECT 1",
                "",
                ";;"
            })
    void rowsOnlyHasNoEffect(String sql) {
        assertThat(Effects.of(sql)).isSameAs(Effects.NONE);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SET TRANSACTION READ WRITE",
                "set local transaction isolation level serializable, read write, deferrable",
                "SET transaction_read_only = off",
                "SET SESSION \"transaction_read_only\" TO 'off'",
                "RESET transaction_read_only"
            })
    void readOnlyTransactionMayBecomeOneThatWrites(String sql) {
        assertThat(effects(sql)).containsExactly(new Effect.Writable());
    }

    @Test
    void settingIsKeptAsItsOwnStatement() {
        assertThat(effects("SET search_path TO a, \"B c\" -- why"))
                .containsExactly(new Effect.Set("search_path", "SET search_path TO a, \"B c\""));
        assertThat(effects("set session work_mem='2MB';"))
                .containsExactly(new Effect.Set("work_mem", "set session work_mem='2MB'"));
        assertThat(effects("SET app.\"user\" = 'x'"))
                .containsExactly(new Effect.Set("app.user", "SET app.\"user\" = 'x'"));
        assertThat(effects("SET TIME ZONE 'UTC'")).containsExactly(new Effect.Set("timezone", "SET TIME ZONE 'UTC'"));
        assertThat(effects("SET SCHEMA 'a'")).containsExactly(new Effect.Set("search_path", "SET SCHEMA 'a'"));
        assertThat(effects("SET ROLE auditor")).containsExactly(new Effect.Set("role", "SET ROLE auditor"));
        assertThat(effects("SET NAMES 'UTF8'")).containsExactly(new Effect.Set("client_encoding", "SET NAMES 'UTF8'"));
    }

    @Test
    void eachModeOfTheSessionIsASettingOfItsOwn() {
        String all = "SET SESSION CHARACTERISTICS AS TRANSACTION ";
        assertThat(effects(all + "READ ONLY"))
                .containsExactly(new Effect.Set("default_transaction_read_only", all + "READ ONLY"));
        assertThat(effects("set session characteristics as transaction isolation level"
                        + " serializable, read write not deferrable"))
                .containsExactly(
                        new Effect.Set("default_transaction_isolation", all + "isolation level serializable"),
                        new Effect.Set("default_transaction_read_only", all + "read write"),
                        new Effect.Set("default_transaction_deferrable", all + "not deferrable"));
        for (String level : List.of("REPEATABLE READ", "READ COMMITTED", "READ UNCOMMITTED")) {
            assertThat(effects(all + "DEFERRABLE ISOLATION LEVEL " + level))
                    .containsExactly(
                            new Effect.Set("default_transaction_deferrable", all + "DEFERRABLE"),
                            new Effect.Set("default_transaction_isolation", all + "ISOLATION LEVEL " + level));
        }
        assertThat(effects(all + "ISOLATION LEVEL")).isEmpty();
    }

    @Test
    void settingToItsDefaultIsAReset() {
        assertThat(effects("SET work_mem TO DEFAULT")).containsExactly(new Effect.Reset("work_mem"));
        assertThat(effects("RESET work_mem")).containsExactly(new Effect.Reset("work_mem"));
        assertThat(effects("RESET ROLE")).containsExactly(new Effect.Reset("role"));
        assertThat(effects("SET ROLE NONE"))
                .as("where a role is the default, this is another one")
                .containsExactly(new Effect.Set("role", "SET ROLE NONE"));
        assertThat(effects("SET TIME ZONE LOCAL")).containsExactly(new Effect.Reset("timezone"));
        assertThat(effects("RESET ALL")).containsExactly(new Effect.Reset("all"));
        assertThat(effects("DISCARD ALL")).containsExactly(new Effect.Discarded());
    }

    @Test
    void anotherUserHasNoRoleYet() {
        assertThat(effects("SET SESSION AUTHORIZATION bob"))
                .containsExactly(
                        new Effect.Reset("role"),
                        new Effect.Set("session_authorization", "SET SESSION AUTHORIZATION bob"));
    }

    @Test
    void argumentsOfSetConfigAreLiteralsParametersOrUnknown() {
        assertThat(effects("SELECT ?, set_config('app.user', ?::text, false)"))
                .containsExactly(new Effect.SetConfig(
                        new Operand.Literal("app.user"), new Operand.Bound(2), new Operand.Literal("false")));
        assertThat(effects("SELECT pg_catalog.set_config('a.b', current_user || 'x', is_local)"))
                .containsExactly(new Effect.SetConfig(
                        new Operand.Literal("a.b"), new Operand.Computed(), new Operand.Computed()));
        assertThat(effects("SELECT set_config('a.b', E'x\\n', false)"))
                .containsExactly(new Effect.SetConfig(
                        new Operand.Literal("a.b"), new Operand.Computed(), new Operand.Literal("false")));
    }

    @Test
    void listenAndUnlisten() {
        assertThat(effects("LISTEN Orders; UNLISTEN *"))
                .containsExactly(new Effect.Listen("orders", "LISTEN Orders"), new Effect.Unlisten("*"));
    }

    @Test
    void whatOnlyOneSessionCanHold() {
        assertThat(effects("CREATE TEMP TABLE IF NOT EXISTS t AS SELECT 1"))
                .containsExactly(made(Holding.TEMPORARY_TABLE, "t"));
        assertThat(effects("create local temporary table T2 (a int)"))
                .containsExactly(made(Holding.TEMPORARY_TABLE, "t2"));
        assertThat(effects("CREATE TABLE pg_temp.x (a int)")).containsExactly(made(Holding.TEMPORARY_TABLE, "x"));
        assertThat(effects("CREATE OR REPLACE TEMP VIEW v AS SELECT 1"))
                .containsExactly(made(Holding.TEMPORARY_TABLE, "v"));
        assertThat(effects("SELECT a INTO TEMP b FROM c")).containsExactly(made(Holding.TEMPORARY_TABLE, "b"));
        assertThat(effects("SELECT a INTO pg_temp.b FROM c")).containsExactly(made(Holding.TEMPORARY_TABLE, "b"));
        assertThat(effects("WITH d AS (SELECT 1) SELECT 1 INTO TABLE pg_temp_12.b FROM d"))
                .containsExactly(made(Holding.TEMPORARY_TABLE, "b"));
        assertThat(effects("INSERT INTO pg_temp.b SELECT 1")).isEmpty();
        assertThat(effects("MERGE INTO pg_temp.b USING c ON a = d WHEN MATCHED THEN DELETE"))
                .isEmpty();
        assertThat(effects("CREATE OR REPLACE FUNCTION pg_temp.f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'"))
                .containsExactly(made(Holding.TEMPORARY_OBJECT, "f"));
        assertThat(effects("CREATE TYPE pg_temp.t AS (a int)")).containsExactly(made(Holding.TEMPORARY_OBJECT, "t"));
        assertThat(effects("CREATE DOMAIN pg_temp.d AS int")).containsExactly(made(Holding.TEMPORARY_OBJECT, "d"));
        assertThat(effects("CREATE INDEX i ON pg_temp.b (a)")).isEmpty();
        assertThat(effects("CREATE FUNCTION f(pg_temp.t) RETURNS int LANGUAGE sql AS 'SELECT 1'"))
                .isEmpty();
        assertThat(effects("DECLARE c CURSOR WITH HOLD FOR SELECT 1")).containsExactly(made(Holding.CURSOR, "c"));
        assertThat(effects("PREPARE p (int) AS SELECT $1")).containsExactly(made(Holding.PREPARED_STATEMENT, "p"));
        assertThat(effects("LOAD 'auto_explain'")).containsExactly(made(Holding.LIBRARY, "auto_explain"));
        assertThat(effects("SELECT pg_try_advisory_lock(1, ?)"))
                .containsExactly(new Effect.Made(
                        Holding.ADVISORY_LOCK, "", List.of(new Operand.Literal("1"), new Operand.Bound(1))));
    }

    @Test
    void whatIsHeldCanBeLetGo() {
        assertThat(effects("DROP TABLE IF EXISTS pg_temp.t, public.v, u CASCADE"))
                .as("a permanent table is another one")
                .containsExactly(gone(Holding.TEMPORARY_TABLE, "t"), gone(Holding.TEMPORARY_TABLE, "u"));
        assertThat(effects("DISCARD TEMP"))
                .containsExactly(gone(Holding.TEMPORARY_TABLE, "*"), gone(Holding.TEMPORARY_OBJECT, "*"));
        assertThat(effects("CLOSE ALL")).containsExactly(gone(Holding.CURSOR, "*"));
        assertThat(effects("DEALLOCATE PREPARE p")).containsExactly(gone(Holding.PREPARED_STATEMENT, "p"));
        assertThat(effects("SELECT pg_advisory_lock(id) FROM jobs"))
                .containsExactly(made(Holding.ADVISORY_LOCK, "of each row of a query"));
        assertThat(effects("SELECT pg_advisory_unlock(id) FROM jobs")).isEmpty();
        assertThat(effects("SELECT pg_advisory_unlock_all()")).containsExactly(gone(Holding.ADVISORY_LOCK, "*"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " AS held", " held"})
    void lockThatIsAllThatAQueryIsFromIsTakenOnce(String alias) {
        List<Operand> arguments = List.of(new Operand.Bound(1));
        assertThat(effects("SELECT * FROM pg_try_advisory_lock(?)" + alias))
                .containsExactly(new Effect.Made(Holding.ADVISORY_LOCK, "", arguments));
        assertThat(effects("SELECT * FROM pg_catalog.pg_advisory_unlock(?)" + alias))
                .containsExactly(new Effect.Gone(Holding.ADVISORY_LOCK, "", arguments));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SELECT * FROM pg_advisory_lock(1), t",
                "SELECT * FROM t, pg_advisory_lock(1)",
                "SELECT * FROM pg_advisory_lock(1) WHERE false",
                "SELECT * FROM pg_advisory_lock((SELECT a FROM t))",
                "SELECT (SELECT 1 FROM pg_advisory_lock(1)) FROM t"
            })
    void lockBesideOtherRowsIsOfEachRow(String sql) {
        assertThat(effects(sql)).containsExactly(made(Holding.ADVISORY_LOCK, "of each row of a query"));
    }

    @Test
    void transactionControl() {
        assertThat(effects("BEGIN; SAVEPOINT a; ROLLBACK TO SAVEPOINT a; RELEASE a; COMMIT"))
                .containsExactly(
                        new Effect.Begin(),
                        new Effect.Savepoint("a"),
                        new Effect.RollbackTo("a"),
                        new Effect.Release("a"),
                        new Effect.Commit(false));
        assertThat(effects("COMMIT AND CHAIN")).containsExactly(new Effect.Commit(true));
        assertThat(effects("ROLLBACK AND NO CHAIN")).containsExactly(new Effect.Rollback(false));
        assertThat(effects("PREPARE TRANSACTION 'x'")).containsExactly(new Effect.Opaque("PREPARE TRANSACTION"));
        assertThat(effects("DO $$ BEGIN COMMIT; END $$")).containsExactly(new Effect.Opaque("DO"));
    }

    /** Whatever the text, it is read to its end without an exception. */
    @Test
    void noTextIsTooOdd() {
        Random random = new Random(20_26);
        String[] pieces = {
            "SET",
            "SESSION",
            " ",
            "'",
            "\"",
            "$",
            "$$",
            "$a$",
            ";",
            "(",
            ")",
            ",",
            ".",
            "LOCAL",
            "ROLE",
            "TO",
            "=",
            "--",
            "\n",
            "/*",
            "*/",
            "set_config",
            "(",
            "E'",
            "\\",
            "U&'",
            "?",
            "$99999999999",
            "CREATE",
            "TEMP",
            "TABLE",
            "DROP",
            "ROLLBACK",
            "RELEASE",
            "SAVEPOINT",
            "AUTHORIZATION",
            "CHARACTERISTICS",
            "DEALLOCATE",
            "PREPARE",
            "INTO",
            "pg_advisory_lock",
            "1",
            "é"
        };
        for (int i = 0; i < 20_000; i++) {
            StringBuilder sql = new StringBuilder();
            for (int n = random.nextInt(14); n >= 0; n--) {
                sql.append(pieces[random.nextInt(pieces.length)]).append(random.nextBoolean() ? " " : "");
            }
            assertThat(Effects.of(sql.toString()).all()).as(sql.toString()).doesNotContainNull();
        }
    }

    private static Effect made(Holding holding, String name) {
        return new Effect.Made(holding, name, List.of());
    }

    private static Effect gone(Holding holding, String name) {
        return new Effect.Gone(holding, name, List.of());
    }
}
