package io.github.pgbaton.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.github.pgbaton.scripted.WireProxy.Action;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A step is run again as it was sent, and not as the application's objects or its patience are now. */
@Timeout(180)
class ReplayedStepsIT extends WireBench {
    @BeforeEach
    void prepare() throws Exception {
        asAdmin(
                "DROP TYPE IF EXISTS wired_mood CASCADE",
                "DROP TYPE IF EXISTS wired_own CASCADE",
                "CREATE TYPE wired_mood AS ENUM ('calm')",
                "GRANT CREATE, USAGE ON SCHEMA public TO PUBLIC",
                "CREATE OR REPLACE FUNCTION wired_slow() RETURNS int LANGUAGE plpgsql AS"
                        + " $$ BEGIN PERFORM pg_sleep(n) FROM wired_sum; RETURN 1; END $$");
    }

    private void breakAt(String sql) {
        once(sent -> executes(sent, sql), Action.LOSE);
    }

    @Test
    void columnsOfGeneratedKeysAreThoseThatWereWantedThen() throws Exception {
        String[] wanted = {"v"};
        try (Statement statement = connection.createStatement()) {
            statement.executeUpdate(insert("a"), wanted);
            ResultSet keys = statement.getGeneratedKeys();
            assertThat(keys.next()).isTrue();
            wanted[0] = "nothing";

            breakAt(insert("b"));
            run(insert("b"));
            connection.commit();
        }
        assertThat(rows()).containsExactly("a", "b");
    }

    @Test
    void queryTimeoutOfAStepIsNotThatOfItsReplay() throws Exception {
        try (Statement statement = connection.createStatement()) {
            statement.setQueryTimeout(1);
            statement.execute("SELECT wired_slow()");
            asAdmin("UPDATE wired_sum SET n = 3");

            breakAt(insert("a"));
            run(insert("a"));

            assertThat(statement.getQueryTimeout()).isEqualTo(1);
            SQLException late =
                    catchThrowableOfType(SQLException.class, () -> statement.execute("SELECT wired_slow()"));
            assertThat(late.getSQLState()).as("of the application's own call").isEqualTo("57014");
        }
    }

    @Test
    void rowsOfAnyTypeAreReadWithoutAskingTheServerAboutIt() throws Exception {
        AtomicInteger sent = new AtomicInteger();
        proxy.script(message -> {
            sent.incrementAndGet();
            return Action.FORWARD;
        });
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("SELECT 'calm'::wired_mood, ARRAY['calm'::wired_mood],"
                        + " interval '1 day', '1.2.3.4'::inet, int4range(1, 2), row(1, 2)")) {
            int before = sent.get();
            assertThat(rows.next()).isTrue();
            assertThat(rows.getString(1)).isEqualTo("calm");
            assertThat(rows.next()).isFalse();

            assertThat(sent.get()).as("messages to the server").isEqualTo(before);
        }
    }

    @Test
    void rowsOfATypeThatTheTransactionMadeAreTheSameWhenItIsMadeAgain() throws Exception {
        run("CREATE TYPE wired_own AS ENUM ('mine')");
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("SELECT 'mine'::wired_own, '{mine}'::wired_own[]")) {
            assertThat(rows.next()).isTrue();
            breakAt(insert("a"));
            run(insert("a"));
            connection.commit();
        }
        assertThat(rows()).containsExactly("a");
    }
}
