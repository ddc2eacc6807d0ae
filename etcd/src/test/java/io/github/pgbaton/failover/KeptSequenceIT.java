package io.github.pgbaton.failover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.Protection;
import io.github.pgbaton.testkit.PatroniCluster;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A value that a transaction drew from a sequence stays its own through a replay, or the transaction fails. */
@Timeout(180)
class KeptSequenceIT extends ReplayBench {
    private Connection other;

    @BeforeEach
    void createSequence() throws Exception {
        others("DROP SEQUENCE IF EXISTS kept");
        others("CREATE SEQUENCE kept");
        openOther();
    }

    /** What a transaction of another connection proves, which is open already. */
    private void openOther() throws SQLException {
        other = source.getConnection();
        other.setAutoCommit(false);
        commitElsewhere();
    }

    private void commitElsewhere() throws SQLException {
        run(other, "INSERT INTO replayed (test) VALUES ('elsewhere')");
        other.commit();
    }

    @AfterEach
    void closeOther() throws SQLException {
        other.close();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SELECT nextval('kept')",
                "select nextval('public.kept'::regclass) as id;",
                "VALUES (nextval('kept'))",
                "/* next id */ select nextval ('kept')"
            })
    void valueThatWasSeenIsKept(String sql) throws Exception {
        long before = keptSoFar();
        String id = text(sql);
        add(id);
        commitElsewhere();
        breakSession();
        add("b");
        // The next break is to be this connection's, whose session is the younger one by now.
        other.close();
        await().atMost(PATIENCE).until(() -> backends().size() == 1);
        breakSession();
        add("c");
        connection.commit();

        assertThat(committed()).containsExactly(id, "b", "c");
        assertThat(text(admin, "SELECT last_value FROM kept"))
                .as("no other one was drawn")
                .isEqualTo(id);
        assertThat(keptSoFar() - before).isEqualTo(2);
    }

    @Test
    void openResultStaysOnTheRowOfAKeptValue() throws Exception {
        try (PreparedStatement next = connection.prepareStatement("SELECT nextval(?)")) {
            next.setString(1, "kept");
            long first;
            try (ResultSet rows = next.executeQuery()) {
                rows.next();
                first = rows.getLong(1);
            }
            try (ResultSet rows = next.executeQuery()) {
                assertThat(rows.next()).isTrue();
                commitElsewhere();
                breakSession();
                add("a");
                assertThat(rows.getLong(1)).isEqualTo(first + 1);
                assertThat(rows.next()).isFalse();
            }
            try (ResultSet rows = next.executeQuery()) {
                rows.next();
                assertThat(rows.getLong(1)).isEqualTo(first + 2);
            }
        }
        connection.commit();

        assertThat(committed()).containsExactly("a");
    }

    /** As Hibernate's flow is. */
    @Test
    void valueIsKeptThroughAFailover() throws Exception {
        text("SELECT nextval('kept')");
        connection.commit();
        String id = text("SELECT nextval('kept')");
        try (PreparedStatement insert =
                connection.prepareStatement("INSERT INTO replayed (k, test, v) VALUES (?, ?, 'a')")) {
            insert.setInt(1, 1_000_000 + Integer.parseInt(id));
            insert.setString(2, name);
            insert.executeUpdate();
            commitElsewhere();
            PatroniCluster cluster = CLUSTER.cluster();
            cluster.kill(cluster.awaitPrimary(PATIENCE));
            connection.commit();
        } finally {
            CLUSTER.cluster().restore(PATIENCE.multipliedBy(2));
            disconnect();
            reconnectPastTheDriver();
        }

        assertThat(text(admin, "SELECT k - 1000000 FROM replayed WHERE test = '" + name + "'"))
                .isEqualTo(id);
        assertThat(Long.parseLong(text(admin, "SELECT nextval('kept')"))).isGreaterThan(Long.parseLong(id));
    }

    @Test
    void valueThatNothingProvesIsNotKept() throws Exception {
        text("SELECT nextval('kept')");
        breakSession();

        assertLost("no commit that this JVM was told of since proves");
        assertGoesOnAfterRollback();
    }

    @Test
    void commitOfASessionThatWasOpenedLaterProvesNothing() throws Exception {
        text("SELECT nextval('kept')");
        other.close();
        openOther();
        breakSession();

        assertLost("no commit that this JVM was told of since proves");
    }

    @ParameterizedTest
    @CsvSource({
        "CREATE SEQUENCE kept INCREMENT -1, SELECT 1, it descends or cycles",
        "CREATE SEQUENCE kept CYCLE, SELECT 1, it descends or cycles",
        "CREATE UNLOGGED SEQUENCE kept, SELECT 1, it is not replicated",
        "CREATE SEQUENCE kept START 7, 'SELECT setval(''kept'', 3)', it has not come that far",
        "CREATE SEQUENCE kept START 7, ALTER SEQUENCE kept RESTART 3, it has not come that far",
        "CREATE SEQUENCE kept, DROP SEQUENCE kept, a step failed that had succeeded before"
    })
    void valueThatSomebodyElseMayBeGivenIsNotKept(String create, String meanwhile, String because) throws Exception {
        others("DROP SEQUENCE kept");
        others(create);
        text("SELECT nextval('kept')");
        commitElsewhere();
        breakSession();
        others(meanwhile);

        assertLost(because);
    }

    @Test
    void valueOfASequenceOfTheTransactionIsDrawnAgain() throws Exception {
        run("CREATE SEQUENCE kept_inside START 7");
        assertThat(text("SELECT nextval('kept_inside')")).isEqualTo("7");
        commitElsewhere();
        breakSession();

        assertThat(text("SELECT nextval('kept_inside')")).isEqualTo("8");
        connection.rollback();
    }

    @Test
    void valueIsNotKeptWhereTheTransactionAsksForTheLastOne() throws Exception {
        text("SELECT nextval('kept')");
        run("INSERT INTO replayed (test, v) VALUES ('" + name + "', currval('kept'))");
        commitElsewhere();
        breakSession();

        assertLost("the transaction asks for the value that was drawn last");
    }

    @Test
    void lastValueCannotBeAskedForOnceAnotherWasKept() throws Exception {
        text("SELECT nextval('kept')");
        commitElsewhere();
        breakSession();
        add("a");
        SQLException lost = catchThrowableOfType(
                SQLException.class,
                () -> run("INSERT INTO replayed (test, v) VALUES ('" + name + "', currval('kept'))"));

        assertThat(lost.getSQLState()).isEqualTo("40001");
        assertThat(lost.getMessage()).contains("kept through a replay");
        assertGoesOnAfterRollback();
    }

    @ParameterizedTest
    @CsvSource(quoteCharacter = '`', delimiter = '|', textBlock = """
            CREATE FUNCTION asks() RETURNS bigint LANGUAGE plpgsql AS 'BEGIN RETURN lastval(); END' | DROP FUNCTION asks
            CREATE FUNCTION asks() RETURNS bigint LANGUAGE sql RETURN currval('kept') | DROP FUNCTION asks
            CREATE TABLE asks (n bigint DEFAULT currval('kept')) | DROP TABLE asks
            CREATE VIEW asks AS SELECT currval('kept') | DROP VIEW asks
            CREATE TABLE asks (n bigint CHECK (n <= currval('kept'))) | DROP TABLE asks
            CREATE TABLE asks (n bigint); CREATE POLICY asks ON asks WITH CHECK (n <= lastval()) | DROP TABLE asks
            CREATE TRIGGER asks BEFORE INSERT ON replayed FOR EACH ROW WHEN (new.k = currval('kept')) EXECUTE FUNCTION suppress_redundant_updates_trigger() | DROP TRIGGER asks ON replayed
            CREATE FUNCTION nextval(text) RETURNS bigint LANGUAGE sql AS 'SELECT -1::bigint' | DROP FUNCTION nextval(text)
            """)
    void valueIsNotKeptWhereTheDatabaseMayAskForTheLastOneUnseen(String create, String drop) throws Exception {
        text("SELECT nextval('kept')");
        commitElsewhere();
        breakSession();
        others(create);
        try {
            assertLost("the value of the sequence was not kept, because");
        } finally {
            others(drop);
        }
    }

    @Test
    void anyOtherUseOfNextvalIsComparedAsBefore() throws Exception {
        text("SELECT nextval('kept') FROM generate_series(1, 1)");
        commitElsewhere();
        breakSession();

        assertLost("returned another row than the one seen before");
    }

    private static long keptSoFar() {
        return Protection.reports().stream()
                .filter(report -> report.cluster().endsWith(CLUSTER.cluster().scope()))
                .mapToLong(report -> report.keptValues())
                .sum();
    }
}
