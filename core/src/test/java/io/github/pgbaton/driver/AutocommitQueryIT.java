package io.github.pgbaton.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.replay.ReplayableConnection;
import io.github.pgbaton.scripted.WireProxy.Action;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Queries in autocommit mode that are cut off: run again where the catalog shows that they change nothing, and nowhere else. */
@Timeout(180)
class AutocommitQueryIT extends AutocommitOnWire {
    @ParameterizedTest
    @CsvSource({
        "'', LOSE",
        "'', HALVE",
        "'', LOSE_ANSWER",
        "'', STRAND",
        "&autocommitReplay=on, LOSE",
        "&autocommitReplay=on, LOSE_ANSWER"
    })
    void queryInFlightIsRunAgain(String parameters, Action action) throws Exception {
        connect(parameters);
        asAdmin(insert("a"));
        String sql = "SELECT v, count(*) FROM alone_plain WHERE lower(v) = alone_reads('a') GROUP BY v";
        AtomicBoolean cut = once(sent -> executes(sent, sql), action);

        assertThat(text(sql)).isEqualTo("a");

        assertThat(cut).isTrue();
        assertThat(connection.getAutoCommit()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SELECT alone_writes('twice')",
                "SELECT * FROM alone_outer",
                "SELECT \"alone_writes\"('twice')",
                "WITH a AS (SELECT 1) SELECT nextval('alone_id_seq') FROM a",
                "SELECT pg_advisory_lock(7252)",
                "SELECT v INTO alone_made FROM alone",
                "SELECT * FROM guarded",
                "SELECT * FROM guarded_by_view",
                "SELECT 1 <!!> 2",
                "SELECT table_to_xml('alone_view', true, false, '')",
                "SELECT 'SELECT 1' FROM query_to_xml('SELECT alone_writes(''twice'')', true, true, '')"
            })
    void queryThatMayWriteIsNeverRunTwice(String sql) throws Exception {
        asAdmin("DROP TABLE IF EXISTS alone_made, guarded, guarded_by_view");
        asAdmin(
                "CREATE TABLE guarded (v text)",
                "ALTER TABLE guarded ENABLE ROW LEVEL SECURITY",
                "CREATE POLICY guard ON guarded USING (alone_writes(v) IS NOT NULL)",
                "INSERT INTO guarded VALUES ('policy')",
                "GRANT ALL ON guarded TO PUBLIC",
                "CREATE TABLE guarded_by_view (v text)",
                "ALTER TABLE guarded_by_view ENABLE ROW LEVEL SECURITY",
                "CREATE POLICY guard ON guarded_by_view USING (EXISTS (SELECT FROM alone_outer o WHERE o.v <> ''))",
                "INSERT INTO guarded_by_view VALUES ('policy')",
                "GRANT ALL ON guarded_by_view TO PUBLIC",
                "GRANT CREATE ON SCHEMA public TO PUBLIC");
        if (sql.contains("<!!>")) {
            // Of no other query it would be known whether it is its own function that tells.
            asAdmin(
                    "CREATE OR REPLACE FUNCTION alone_operates(int, int) RETURNS text LANGUAGE sql VOLATILE AS"
                            + " $$ SELECT alone_writes('operator') $$",
                    "CREATE OPERATOR <!!> (FUNCTION = alone_operates, LEFTARG = int, RIGHTARG = int)");
        }
        connect("");
        AtomicBoolean cut = once(sent -> executes(sent, sql), Action.LOSE_ANSWER);

        SQLException unknown = catchThrowableOfType(SQLException.class, () -> run(sql));

        assertThat(cut).isTrue();
        assertThat(unknown.getSQLState()).isEqualTo("40003");
        assertThat(rows().size()).isLessThanOrEqualTo(1);
        assertThat(proxy.sent()).filteredOn(sent -> executes(sent, sql)).hasSize(1);
    }

    /** What it calls may act elsewhere, which no catalog and no rollback tells of. */
    @ParameterizedTest
    @CsvSource({
        "off, SELECT alone_reads('kept')",
        "on, SELECT alone_reads('kept')",
        "on, SELECT alone_writes('kept')",
        "on, INSERT INTO alone (v) VALUES ('kept')"
    })
    void statementThatTheApplicationKeepsFromAReplayIsNotRunAgain(String writes, String sql) throws Exception {
        connect("&autocommitReplay=" + writes);
        ReplayableConnection replayable = connection.unwrap(ReplayableConnection.class);
        replayable.disableReplay();
        connection.setSchema("public");
        once(sent -> executes(sent, sql), Action.LOSE_ANSWER);

        assertThat(catchThrowableOfType(SQLException.class, () -> run(sql)).getSQLState())
                .isEqualTo("40003");

        assertThat(proxy.sent()).filteredOn(sent -> executes(sent, sql)).hasSize(1);
        assertThat(replayable.replayable()).as("the next one").isTrue();
        once(sent -> executes(sent, "SELECT 'next'"), Action.LOSE_ANSWER);
        assertThat(text("SELECT 'next'")).isEqualTo("next");
        replayable.disableReplay();
        run("SELECT 1");
        assertThat(replayable.replayable()).as("the one after that").isTrue();
    }

    /** In autocommit mode PgJDBC has them all before it gives the first one, whatever the fetch size. */
    @Test
    void rowsOfAQueryAreReadOnWhereItsSessionBreaks() throws Exception {
        connect("");
        asAdmin("INSERT INTO alone (v) SELECT 'row' FROM generate_series(1, 100)");
        try (Statement statement = connection.createStatement()) {
            statement.setFetchSize(10);
            ResultSet rows = statement.executeQuery("SELECT v FROM alone");
            assertThat(rows.next()).isTrue();
            asAdmin("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'alone'");
            int seen = 1;
            while (rows.next()) {
                seen++;
            }
            assertThat(seen).isEqualTo(100);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void queryThatIsCancelledOrTimesOutIsNotRunAgain(boolean cancels) throws Exception {
        connect("");
        try (Statement reads = connection.createStatement()) {
            reads.setQueryTimeout(cancels ? 0 : 1);
            CompletableFuture<String> told = CompletableFuture.supplyAsync(
                    () -> catchThrowableOfType(SQLException.class, () -> reads.execute("SELECT pg_sleep(300)"))
                            .getSQLState());
            await().atMost(PATIENCE)
                    .until(() -> text(admin, "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'")
                            .equals("1"));
            if (cancels) {
                reads.cancel();
            }
            assertThat(told.get(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isEqualTo("57014");
        }
        assertThat(proxy.sent())
                .filteredOn(sent -> executes(sent, "SELECT pg_sleep"))
                .hasSize(1);
    }
}
