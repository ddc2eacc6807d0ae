package io.github.pgbaton.failover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.Savepoint;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the application has seen is what was committed; where it would not be, the transaction fails with 40001. */
@Timeout(120)
class ReplayMismatchIT extends ReplayBench {
    @Test
    void valueTheApplicationHasSeenMustNotDiffer() throws Exception {
        add("a");
        text("SELECT clock_timestamp()");
        breakSession();

        assertLost("returned another row than the one seen before");
        assertGoesOnAfterRollback();
    }

    @Test
    void rowThatChangedMeanwhileEndsTheTransaction() throws Exception {
        String key = text("INSERT INTO replayed (test, v) VALUES ('other', '" + name + "') RETURNING k");
        connection.commit();
        add("a");
        text("SELECT v FROM replayed WHERE k = " + key);
        breakSession();
        others("UPDATE replayed SET v = v || '!' WHERE k = " + key);

        assertLost("step 2 (SELECT v FROM replayed WHERE k= ?)");
        assertGoesOnAfterRollback();
    }

    @Test
    void rowBehindThoseThatWereReadMayChange() throws Exception {
        String test = name + "-rows";
        for (int i = 1; i <= 3; i++) {
            others("INSERT INTO replayed (test, v) VALUES ('" + test + "', '" + i + "')");
        }
        List<String> seen = new ArrayList<>();
        try (Statement statement = connection.createStatement();
                ResultSet rows =
                        statement.executeQuery("SELECT v FROM replayed WHERE test = '" + test + "' ORDER BY v")) {
            add("a");
            rows.next();
            seen.add(rows.getString(1));
            breakSession();
            others("INSERT INTO replayed (test, v) VALUES ('" + test + "', '4')");
            add("b");
            while (rows.next()) {
                seen.add(rows.getString(1));
            }
        }
        connection.commit();

        assertThat(seen).containsExactly("1", "2", "3", "4");
        assertThat(committed()).containsExactly("a", "b");
    }

    @Test
    void updateCountThatDiffersEndsTheTransaction() throws Exception {
        String test = name + "-rows";
        others("INSERT INTO replayed (test, v) VALUES ('" + test + "', '1')");
        assertThat(update("UPDATE replayed SET v = v WHERE test = '" + test + "'"))
                .isEqualTo(1);
        breakSession();
        others("INSERT INTO replayed (test, v) VALUES ('" + test + "', '2')");

        assertLost("it gave an update count of 2 and had given an update count of 1");
    }

    @Test
    void errorThatDoesNotHappenAgainEndsTheTransaction() throws Exception {
        others("INSERT INTO replayed (test, v) VALUES ('" + name + "-x', 'a')");
        Savepoint here = connection.setSavepoint();
        assertThatThrownBy(() -> run("INSERT INTO replayed (test, v) VALUES ('" + name + "-x', 'a')"))
                .hasMessageContaining("duplicate");
        connection.rollback(here);
        breakSession();
        others("DELETE FROM replayed WHERE test = '" + name + "-x'");

        assertLost("it gave success and had given SQLState 23505");
    }

    /** An application goes by the name of the constraint: this one told somebody that his address was taken. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void errorOfAnotherConstraintEndsTheTransaction(boolean batch) throws Exception {
        others("CREATE TABLE IF NOT EXISTS people (test text, mail text CONSTRAINT one_mail UNIQUE,"
                + " nick text CONSTRAINT one_nick UNIQUE)");
        others("INSERT INTO people VALUES ('" + name + "', 'mail " + name + "', 'other " + name + "')");
        String insert = "INSERT INTO people VALUES ('" + name + "', 'mail " + name + "', 'nick " + name + "')";
        Savepoint here = connection.setSavepoint();
        try (Statement statement = connection.createStatement()) {
            statement.addBatch(insert);
            assertThatThrownBy(() -> {
                        if (batch) {
                            statement.executeBatch();
                        } else {
                            statement.execute(insert);
                        }
                    })
                    .hasMessageContaining("one_mail");
        }
        connection.rollback(here);
        breakSession();
        others("UPDATE people SET mail = 'gone " + name + "', nick = 'nick " + name + "' WHERE test = '" + name + "'");

        assertLost("it gave SQLState 23505 (constraint one_nick, table people)"
                + " and had given SQLState 23505 (constraint one_mail, table people)");
    }

    @Test
    void warningThatWasReadMustComeAgain() throws Exception {
        others("CREATE OR REPLACE FUNCTION tells(what text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN"
                + " RAISE NOTICE 'rows: %', (SELECT count(*) FROM replayed WHERE test = what); END $$");
        others("INSERT INTO replayed (test, v) VALUES ('" + name + "-told', '1')");
        try (Statement statement = connection.createStatement()) {
            statement.execute("SELECT tells('" + name + "-told')");
            assertThat(statement.getWarnings().getMessage()).contains("rows: 1");
            breakSession();
            assertThat(text("SELECT 1")).as("nothing has changed").isEqualTo("1");
            breakSession();
            others("INSERT INTO replayed (test, v) VALUES ('" + name + "-told', '2')");
        }

        assertLost("it gave other warnings than those that were read");
    }

    @Test
    void warningThatNobodyReadMayDiffer() throws Exception {
        others("CREATE OR REPLACE FUNCTION tells_time() RETURNS void LANGUAGE plpgsql AS $$ BEGIN"
                + " RAISE NOTICE '%', clock_timestamp(); END $$");
        run("SELECT tells_time()");
        add("a");
        breakSession();
        connection.commit();

        assertThat(committed()).containsExactly("a");
    }

    @Test
    void stepThatFailsWhereItHadSucceededEndsTheTransaction() throws Exception {
        add("a");
        breakSession();
        others("INSERT INTO replayed (test, v) VALUES ('" + name + "', 'a')");

        assertLost("a step failed that had succeeded before");
        connection.rollback();
        others("DELETE FROM replayed WHERE test = '" + name + "'");
    }

    /** What counts is what the application saw, not what an earlier replay saw. */
    @Test
    void everyReplayIsComparedWithTheOriginal() throws Exception {
        String key = text("INSERT INTO replayed (test, v) VALUES ('other', '" + name + "') RETURNING k");
        connection.commit();
        add("a");
        assertThat(text("SELECT v FROM replayed WHERE k = " + key)).isEqualTo(name);
        breakSession();
        assertThat(text("SELECT 1")).isEqualTo("1");
        others("UPDATE replayed SET v = v || '!' WHERE k = " + key);
        breakSession();

        assertLost("returned another row than the one seen before");
    }

    @Test
    void generatedKeyThatDiffersEndsTheTransaction() throws Exception {
        try (PreparedStatement insert = connection.prepareStatement(
                "INSERT INTO replayed (test, v) VALUES (?, ?)", Statement.RETURN_GENERATED_KEYS)) {
            insert.setString(1, name);
            insert.setString(2, "a");
            insert.executeUpdate();
            try (ResultSet keys = insert.getGeneratedKeys()) {
                assertThat(keys.next()).isTrue();
            }
        }
        breakSession();

        assertLost("returned another row than the one seen before");
    }

    @Test
    void generatedKeysThatNobodyReadMayDiffer() throws Exception {
        try (PreparedStatement insert = connection.prepareStatement(
                "INSERT INTO replayed (test, v) VALUES (?, ?)", Statement.RETURN_GENERATED_KEYS)) {
            insert.setString(1, name);
            insert.setString(2, "a");
            insert.executeUpdate();
        }
        breakSession();
        add("b");
        connection.commit();

        assertThat(committed()).containsExactly("a", "b");
    }

    @Test
    void batchWhoseCountsDifferEndsTheTransaction() throws Exception {
        String test = name + "-rows";
        others("INSERT INTO replayed (test, v) VALUES ('" + test + "', '1')");
        try (Statement batch = connection.createStatement()) {
            batch.addBatch("UPDATE replayed SET v = v WHERE test = '" + test + "'");
            batch.addBatch("UPDATE replayed SET v = v WHERE false");
            assertThat(batch.executeBatch()).containsExactly(1, 0);
        }
        breakSession();
        others("INSERT INTO replayed (test, v) VALUES ('" + test + "', '2')");

        assertLost("because running it again came out differently");
        assertGoesOnAfterRollback();
    }

    @Test
    void descriptionOfAStatementThatDiffersEndsTheTransaction() throws Exception {
        others("DROP TABLE IF EXISTS retyped");
        others("CREATE TABLE retyped (a int)");
        add("a");
        try (PreparedStatement select = connection.prepareStatement("SELECT a FROM retyped WHERE a = ?")) {
            assertThat(select.getParameterMetaData().getParameterTypeName(1)).isEqualTo("int4");
            breakSession();
            assertThat(select.getMetaData().getColumnTypeName(1)).isEqualTo("int4");
        }
        breakSession();
        assertThat(text("SELECT 1")).as("as long as it is the same").isEqualTo("1");
        breakSession();
        others("ALTER TABLE retyped ALTER a TYPE text");

        assertLost("a getter gave another answer than the one seen before");
        assertGoesOnAfterRollback();
    }

    @Test
    void columnThatHasAnotherTypeEndsTheTransaction() throws Exception {
        others("DROP TABLE IF EXISTS retyped");
        others("CREATE TABLE retyped (a int)");
        others("INSERT INTO retyped VALUES (1)");
        assertThat(text("SELECT a FROM retyped")).isEqualTo("1");
        breakSession();
        others("ALTER TABLE retyped ALTER a TYPE text");

        assertLost("because running it again came out differently");
        assertGoesOnAfterRollback();
    }
}
