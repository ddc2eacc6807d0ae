package io.github.pgbaton.failover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import java.sql.BatchUpdateException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A transaction whose session is terminated in the middle goes on as if nothing had happened; on a real PostgreSQL, which
 * takes a session away as a failover does, but at once.
 */
@Timeout(120)
class ReplayIT extends ReplayBench {
    @Test
    void transactionGoesOnAfterItsSessionBroke() throws Exception {
        add("a");
        assertThat(text("SELECT count(*) FROM replayed WHERE test = '" + name + "'"))
                .isEqualTo("1");
        breakSession();
        add("b");
        connection.commit();

        assertThat(committed()).containsExactly("a", "b");
    }

    @Test
    void commitOfASessionThatBrokeBeforeItIsReplayedAndCommitted() throws Exception {
        add("a");
        breakSession();
        await().atMost(PATIENCE).pollDelay(Duration.ofMillis(300)).until(() -> true);
        connection.commit();

        assertThat(committed()).containsExactly("a");
    }

    @Test
    void transactionSurvivesSeveralBreaks() throws Exception {
        for (String value : List.of("a", "b", "c", "d")) {
            add(value);
            breakSession();
        }
        add("e");
        connection.commit();

        assertThat(committed()).containsExactly("a", "b", "c", "d", "e");
    }

    @Test
    void parametersAreReplayedAsTheyWereSent() throws Exception {
        byte[] bytes = "before".getBytes(java.nio.charset.StandardCharsets.UTF_8);
        try (PreparedStatement insert =
                connection.prepareStatement("INSERT INTO replayed (test, v) VALUES (?, convert_from(?, 'UTF8'))")) {
            insert.setString(1, name);
            insert.setBytes(2, bytes);
            insert.executeUpdate();
            System.arraycopy("after!".getBytes(java.nio.charset.StandardCharsets.UTF_8), 0, bytes, 0, bytes.length);
            breakSession();
            insert.executeUpdate();
        }
        connection.commit();

        assertThat(committed()).as("PgJDBC binds bytes by reference").containsExactly("after!", "before");
    }

    @Test
    void batchIsReplayedAndTheNextOneGoesOn() throws Exception {
        try (PreparedStatement insert = connection.prepareStatement("INSERT INTO replayed (test, v) VALUES (?, ?)");
                Statement plain = connection.createStatement()) {
            for (String value : List.of("a", "b")) {
                insert.setString(1, name);
                insert.setString(2, value);
                insert.addBatch();
            }
            assertThat(insert.executeBatch()).containsExactly(1, 1);
            plain.addBatch("INSERT INTO replayed (test, v) VALUES ('" + name + "', 'c')");
            plain.addBatch("INSERT INTO replayed (test, v) VALUES ('" + name + "', 'd')");
            assertThat(plain.executeLargeBatch()).containsExactly(1, 1);
            insert.setString(1, name);
            insert.setString(2, "e");
            insert.addBatch();
            breakSession();
            assertThat(insert.executeBatch()).containsExactly(1);
        }
        connection.commit();

        assertThat(committed()).containsExactly("a", "b", "c", "d", "e");
    }

    @Test
    void partOfABatchThatFailedIsReplayedWithItsFailure() throws Exception {
        Savepoint before = connection.setSavepoint();
        try (Statement plain = connection.createStatement()) {
            plain.addBatch("INSERT INTO replayed (test, v) VALUES ('" + name + "', 'a')");
            plain.addBatch("INSERT INTO replayed (test, v) VALUES ('" + name + "', 'a')");
            assertThatThrownBy(plain::executeBatch).isInstanceOf(BatchUpdateException.class);
        }
        connection.rollback(before);
        add("b");
        breakSession();
        add("c");
        connection.commit();

        assertThat(committed()).containsExactly("b", "c");
    }

    @Test
    void savepointsAreReplayedWithWhatWasRolledBackInThem() throws Exception {
        add("a");
        Savepoint first = connection.setSavepoint();
        add("b");
        Savepoint second = connection.setSavepoint("second");
        add("c");
        connection.rollback(second);
        breakSession();
        add("d");
        Savepoint third = connection.setSavepoint();
        add("e");
        breakSession();
        connection.rollback(third);
        connection.releaseSavepoint(second);
        add("f");
        breakSession();
        connection.rollback(first);
        add("g");
        connection.commit();

        assertThat(committed()).containsExactly("a", "g");
    }

    @Test
    void savepointsOfSqlTextAreReplayed() throws Exception {
        add("a");
        run("SAVEPOINT here");
        add("b");
        run("ROLLBACK TO here");
        breakSession();
        add("c");
        run("RELEASE here");
        connection.commit();

        assertThat(committed()).containsExactly("a", "c");
    }

    @Test
    void errorThatTheApplicationCaughtHappensAgain() throws Exception {
        Savepoint here = connection.setSavepoint();
        assertThatThrownBy(() -> run("SELECT 1/0")).hasMessageContaining("division");
        connection.rollback(here);
        add("a");
        breakSession();
        add("b");
        connection.commit();

        assertThat(committed()).containsExactly("a", "b");
    }

    @Test
    void failedTransactionStaysFailed() throws Exception {
        add("a");
        assertThatThrownBy(() -> run("SELECT 1/0")).hasMessageContaining("division");
        breakSession();

        SQLException failed = catchThrowableOfType(SQLException.class, () -> text("SELECT 1"));
        assertThat(failed.getSQLState()).isEqualTo("25P02");
        assertGoesOnAfterRollback();
    }

    @ParameterizedTest
    @ValueSource(strings = {"always", "conservative"})
    void autosaveLetsTheTransactionGoOnAfterAnError(String autosave) throws Exception {
        connect("autosave=" + autosave);
        add("a");
        assertThatThrownBy(() -> run("SELECT 1/0")).hasMessageContaining("division");
        breakSession();
        if (autosave.equals("always")) {
            add("b");
            connection.commit();
            assertThat(committed()).containsExactly("a", "b");
        } else {
            SQLException failed = catchThrowableOfType(SQLException.class, () -> add("b"));
            assertThat(failed.getSQLState()).isEqualTo("25P02");
            assertGoesOnAfterRollback();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"simple", "extended", "extendedForPrepared", "extendedCacheEverything"})
    void everyQueryModeIsReplayed(String mode) throws Exception {
        connect("preferQueryMode=" + mode);
        add("a");
        assertThat(text("SELECT 42")).isEqualTo("42");
        breakSession();
        add("b");
        connection.commit();

        assertThat(committed()).containsExactly("a", "b");
    }

    @Test
    void valuesReadInBinaryCompareWithTheSameValuesReadAgain() throws Exception {
        try (PreparedStatement select =
                connection.prepareStatement("SELECT n, n::int8, n::float8, now()::date FROM generate_series(1, 3) n")) {
            for (int execution = 0; execution < 12; execution++) {
                try (ResultSet rows = select.executeQuery()) {
                    while (rows.next()) {
                        rows.getInt(1);
                    }
                }
            }
            breakSession();
            try (ResultSet rows = select.executeQuery()) {
                assertThat(rows.next()).isTrue();
                assertThat(rows.getInt(1)).isEqualTo(1);
            }
        }
        add("a");
        connection.commit();

        assertThat(committed()).containsExactly("a");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 10})
    void openResultGoesOnWhereItWas(int fetchSize) throws Exception {
        add("a");
        List<Integer> seen = new ArrayList<>();
        try (PreparedStatement select = connection.prepareStatement("SELECT n FROM generate_series(1, 35) n")) {
            select.setFetchSize(fetchSize);
            try (ResultSet rows = select.executeQuery()) {
                while (rows.next()) {
                    seen.add(rows.getInt(1));
                    if (seen.size() == 7 || seen.size() == 20) {
                        breakSession();
                    }
                    if (seen.size() == 8) {
                        add("b");
                        assertThat(rows.getInt(1)).as("the row it stands on").isEqualTo(8);
                    }
                }
            }
        }
        connection.commit();

        assertThat(seen).hasSize(35).startsWith(1, 2, 3).endsWith(34, 35).doesNotHaveDuplicates();
        assertThat(committed()).containsExactly("a", "b");
    }

    @Test
    void resultReadToItsEndAndClosedIsVerifiedToo() throws Exception {
        String mine = "SELECT v FROM replayed WHERE test = '" + name + "' ORDER BY v";
        add("a");
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(mine)) {
            assertThat(rows.next()).isTrue();
            assertThat(rows.next()).isFalse();
        }
        breakSession();
        others("INSERT INTO replayed (test, v) VALUES ('" + name + "', 'z')");

        assertLost("returned more than the 1 rows seen before");
    }

    @Test
    void severalResultsOfOneTextAreReplayed() throws Exception {
        try (Statement statement = connection.createStatement()) {
            assertThat(statement.execute("SELECT 1; UPDATE replayed SET v = v WHERE false; SELECT 2"))
                    .isTrue();
            assertThat(statement.getMoreResults()).isFalse();
            assertThat(statement.getUpdateCount()).isZero();
            assertThat(statement.getMoreResults()).isTrue();
            ResultSet last = statement.getResultSet();
            assertThat(last.next()).isTrue();
            breakSession();
            add("a");
            assertThat(last.getInt(1)).isEqualTo(2);
            assertThat(last.next()).isFalse();
        }
        connection.commit();

        assertThat(committed()).containsExactly("a");
    }

    @Test
    void settingsAreThoseOfTheTransactionsStartAndThenThoseMadeInIt() throws Exception {
        run("SET application_name TO DEFAULT");
        run("SET work_mem = '5MB'");
        connection.commit();
        run("SET application_name TO '" + name + "'");
        assertThat(text("SHOW work_mem")).isEqualTo("5MB");
        run("SET LOCAL work_mem = '6MB'");
        connection.setSchema("pg_catalog");
        assertThat(text("SHOW search_path")).contains("pg_catalog");
        run("SET TIME ZONE 'Asia/Tokyo'");
        breakSession();
        assertThat(text("SHOW work_mem")).isEqualTo("6MB");
        assertThat(text("SHOW search_path")).contains("pg_catalog");
        connection.commit();
        assertThat(text("SHOW work_mem")).isEqualTo("5MB");
        assertThat(text("SHOW TimeZone")).isEqualTo("Asia/Tokyo");
    }

    @Test
    void temporaryTableOfTheTransactionIsMadeAgain() throws Exception {
        run("CREATE TEMP TABLE mine (a text) ON COMMIT DROP");
        run("INSERT INTO mine VALUES ('a')");
        breakSession();
        run("INSERT INTO replayed (test, v) SELECT '" + name + "', a FROM mine");
        connection.commit();

        assertThat(committed()).containsExactly("a");
    }

    @Test
    void definitionsAreReplayed() throws Exception {
        run("CREATE TABLE made_in_replay (a text)");
        run("INSERT INTO made_in_replay VALUES ('a')");
        breakSession();
        run("INSERT INTO replayed (test, v) SELECT '" + name + "', a FROM made_in_replay");
        run("DROP TABLE made_in_replay");
        connection.commit();

        assertThat(committed()).containsExactly("a");
    }

    @Test
    void cursorThatSqlTextDeclaredGoesOnWhereItWas() throws Exception {
        run("DECLARE counting CURSOR FOR SELECT generate_series(1, 5)");
        assertThat(text("FETCH 1 FROM counting")).isEqualTo("1");
        assertThat(text("FETCH 1 FROM counting")).isEqualTo("2");
        breakSession();

        assertThat(text("FETCH 1 FROM counting")).isEqualTo("3");
        connection.commit();
    }

    @Test
    void locksAreTakenAgain() throws Exception {
        add("a");
        connection.commit();
        assertThat(text("SELECT v FROM replayed WHERE test = '" + name + "' FOR UPDATE"))
                .isEqualTo("a");
        run("SELECT pg_advisory_xact_lock(815)");
        run("LOCK TABLE replayed IN SHARE ROW EXCLUSIVE MODE");
        breakSession();
        assertThat(text("SELECT 1")).isEqualTo("1");

        assertThat(text(admin, "SELECT pg_try_advisory_xact_lock(815)")).isEqualTo("f");
        assertThat(text(
                        admin,
                        "SELECT count(*) FROM pg_locks WHERE relation = 'replayed'::regclass AND granted"
                                + " AND mode = 'ShareRowExclusiveLock'"))
                .isEqualTo("1");
        connection.commit();
        assertThat(text(admin, "SELECT pg_try_advisory_xact_lock(815)")).isEqualTo("t");
    }

    @ParameterizedTest
    @ValueSource(
            ints = {
                Connection.TRANSACTION_READ_COMMITTED,
                Connection.TRANSACTION_REPEATABLE_READ,
                Connection.TRANSACTION_SERIALIZABLE
            })
    void isolationLevelIsTheSameOnTheNextSession(int level) throws Exception {
        connection.setTransactionIsolation(level);
        String before = text("SHOW transaction_isolation");
        add("a");
        breakSession();
        assertThat(text("SHOW transaction_isolation")).isEqualTo(before);
        connection.commit();

        assertThat(committed()).containsExactly("a");
    }

    @Test
    void valuesTheApplicationHasNotSeenMayDiffer() throws Exception {
        run("INSERT INTO replayed (test, v) VALUES ('" + name + "', clock_timestamp()::text)");
        try (Statement statement = connection.createStatement()) {
            statement.executeQuery("SELECT now(), random()");
            breakSession();
            add("b");
        }
        connection.commit();

        assertThat(committed()).hasSize(2);
    }

    /** Nothing tells the driver before it sends the COMMIT: a session that was used just now is not looked at. */
    @Test
    void commitSentToASessionThatIsGoneIsResolvedAndTheTransactionReplayed() throws Exception {
        for (int i = 0; i < 10; i++) {
            add("a" + i);
            breakSession();
            connection.commit();
        }

        assertThat(committed()).hasSize(10);
    }

    @Test
    void commitOfAReadOnlyTransactionIsReplayed() throws Exception {
        connection.rollback();
        connection.setReadOnly(true);
        assertThat(text("SELECT 42")).isEqualTo("42");
        breakSession();
        connection.commit();
        connection.setReadOnly(false);
        add("a");
        connection.commit();

        assertThat(committed()).containsExactly("a");
    }

    @Test
    void commitOfAFailedTransactionIsRefused() throws Exception {
        add("a");
        assertThatThrownBy(() -> run("SELECT 1/0")).hasMessageContaining("division");

        SQLException refused = catchThrowableOfType(SQLException.class, connection::commit);
        assertThat(refused.getSQLState()).isEqualTo("25P02");
        assertThat(committed()).isEmpty();
    }

    @Test
    void roleAndSearchPathAreThoseOfTheTransactionsStart() throws Exception {
        String role = text("SELECT current_user");
        run("SET ROLE " + role);
        run("SET search_path TO pg_catalog, public");
        connection.commit();
        add("a");
        run("SET LOCAL search_path TO public");
        breakSession();
        assertThat(text("SHOW search_path")).isEqualTo("public");
        assertThat(text("SHOW role")).isEqualTo(role);
        connection.commit();

        assertThat(text("SHOW search_path")).isEqualTo("pg_catalog, public");
        assertThat(committed()).containsExactly("a");
    }

    @Test
    void listeningGoesOnThroughAReplay() throws Exception {
        run("LISTEN replayed_news");
        connection.commit();
        add("a");
        breakSession();
        add("b");
        connection.commit();
        others("NOTIFY replayed_news, 'here'");
        assertThat(text("SELECT count(*) FROM pg_listening_channels()")).isEqualTo("1");

        assertThat(committed()).containsExactly("a", "b");
    }

    @Test
    void whatAGetterOfTheConnectionToldMustNotDiffer() throws Exception {
        others("DROP SCHEMA IF EXISTS told CASCADE");
        add("a");
        run("SET LOCAL search_path TO told, public");
        assertThat(connection.getSchema()).isEqualTo("public");
        others("CREATE SCHEMA told");
        try {
            breakSession();
            assertLost("a getter gave another answer");
            assertGoesOnAfterRollback();
        } finally {
            others("DROP SCHEMA told");
        }
    }

    @Test
    void whatAGetterOfTheConnectionToldIsAskedAgainAndTheTransactionGoesOn() throws Exception {
        assertThat(connection.getSchema()).isEqualTo("public");
        assertThat(connection.getTransactionIsolation()).isEqualTo(Connection.TRANSACTION_READ_COMMITTED);
        add("a");
        breakSession();
        assertThat(connection.getSchema()).isEqualTo("public");
        add("b");
        connection.commit();

        assertThat(committed()).containsExactly("a", "b");
    }
}
