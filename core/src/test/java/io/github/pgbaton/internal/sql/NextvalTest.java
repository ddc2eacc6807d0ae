package io.github.pgbaton.internal.sql;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NextvalTest {
    @ParameterizedTest
    @CsvSource(quoteCharacter = '`', delimiter = '|', textBlock = """
            select nextval('s')                                   | s
            SELECT NEXTVAL('s');                                  | s
            select nextval ('s')                                  | s
            select nextval('s'::regclass)                         | s
            select nextval('s'::pg_catalog.regclass)              | s
            select nextval('s') as x                              | s
            select nextval('s') x                                 | s
            select nextval('s') as "next value"                   | s
            select pg_catalog.nextval('app.s')                    | app.s
            values (nextval('s'))                                 | s
            VALUES(nextval('s'));                                 | s
            /* next id */ select nextval('s')                     | s
            select /* next id */ nextval('s') -- the end          |
            select nextval('s') -- the end                        | s
            select nextval('"Orders"."Seq"')                      | "Orders"."Seq"
            select nextval('db.app.s')                            | db.app.s
            """)
    void statementThatDrawsOneValueIsRecognised(String sql, String sequence) {
        // A comment in front of the call costs the value its name: the glance does not look behind it.
        assertThat(Nextval.of(sql)).isEqualTo(sequence == null ? null : new Operand.Literal(sequence));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "select nextval(?)",
                "select nextval(?::regclass)",
                "select nextval(?::text) as id",
                "values (nextval(?))"
            })
    void nameMayBeAParameter(String sql) {
        assertThat(Nextval.of(sql)).isEqualTo(new Operand.Bound(1));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "select nextval('s'), 1",
                "select nextval('s') from t",
                "select nextval('s') from generate_series(1, 10)",
                "select nextval('s') where false",
                "select nextval('s') limit 0",
                "select nextval('s') into t",
                "select nextval('s') as a, 2 as b",
                "select nextval('s') + 1",
                "select nextval('s')::int",
                "select -nextval('s')",
                "select nextval('s'); select 1",
                "select nextval('s'); commit",
                "select nextval('s') union select 1",
                "select nextval('a' || 'b')",
                "select nextval(lower('S'))",
                "select nextval('s'::name)",
                "select nextval('16385')",
                "select nextval(16385)",
                "select nextval($1)",
                "select nextval('a.b.c.d')",
                "select nextval('')",
                "select nextval('s', 1)",
                "select nextval()",
                "select nextval(E's')",
                "select nextval(U&'s')",
                "select nextval(b's')",
                "select nextval('a''b')",
                "select app.nextval('s')",
                "select app.pg_catalog.nextval('s')",
                "select \"nextval\"('s')",
                "select nextval_('s')",
                "select distinct nextval('s')",
                "(select nextval('s'))",
                "values (nextval('s')), (nextval('s'))",
                "values (nextval('s'), 1)",
                "values nextval('s')",
                "values (1)",
                "insert into t values (nextval('s'))",
                "with x as (select 1) select nextval('s')",
                "explain select nextval('s')",
                "select 'nextval(1)'",
                "/* select nextval('s')",
                "select nextval",
                "select",
                ""
            })
    void anythingElseIsNot(String sql) {
        assertThat(Nextval.of(sql)).isNull();
    }

    @Test
    void nameOfAParameterMustBeOne() {
        assertThat(Nextval.isName("app.\"Seq\"")).isTrue();
        assertThat(Nextval.isName("16385")).isFalse();
        assertThat(Nextval.isName("a b")).isFalse();
        assertThat(Nextval.isName(null)).isFalse();
    }

    @ParameterizedTest
    @CsvSource({
        "SELECT currval('s'), true",
        "insert into t values (LASTVAL()), true",
        "select \"currval\"('s'), true",
        "select nextval('s'), false",
        "select my_currval(1), false",
        "select currvalue, false"
    })
    void questionForTheLastValueIsRecognised(String sql, boolean asks) {
        assertThat(Nextval.asksLastDrawn(sql)).isEqualTo(asks);
    }
}
