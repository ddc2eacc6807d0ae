package io.github.pgbaton.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.BatonDriver;
import io.github.pgbaton.event.SessionStateLostException;
import io.github.pgbaton.scripted.ScriptedLeaderSource;
import io.github.pgbaton.scripted.ScriptedPostgres;
import io.github.pgbaton.scripted.ScriptedPostgres.Reaction;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.SQLTimeoutException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a connection still has after it moved, and what it says of the rest. */
@Timeout(60)
class SessionStateTest {
    private static final AtomicInteger SCOPES = new AtomicInteger();
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private ScriptedPostgres first;
    private ScriptedPostgres second;
    private ScriptedLeaderSource source;
    private String scope;
    private Connection connection;

    @BeforeEach
    void open() throws Exception {
        first = new ScriptedPostgres();
        second = new ScriptedPostgres().timeline(2);
        scope = "state-" + SCOPES.incrementAndGet();
        source = ScriptedLeaderSource.register(scope, first, second);
        source.elect("node1");
        connection = connect("");
    }

    private Connection connect(String more) throws SQLException {
        Properties properties = new Properties();
        properties.setProperty("user", "app");
        return new BatonDriver()
                .connect(
                        "jdbc:pgbaton:postgresql:///db?etcd=http://127.0.0.1:1&failoverTimeout=20s&sslmode=disable&scope="
                                + scope + more,
                        properties);
    }

    @AfterEach
    void close() throws Exception {
        connection.close();
        first.close();
        second.close();
    }

    private void execute(String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private void failOver() {
        source.elect("node2");
    }

    /** What the second server was told before the next statement. */
    private List<String> restoredBy(String next) throws SQLException {
        failOver();
        execute(next);
        List<String> all = second.statements();
        return all.subList(0, all.indexOf(next));
    }

    @Test
    void settingsAreGivenToTheNextSessionInTheirOrder() throws Exception {
        execute("SET search_path TO a");
        execute("SET app.tenant = '7'");
        execute("SET search_path TO b");
        execute("SET work_mem = '2MB'");
        execute("RESET work_mem");

        assertThat(restoredBy("SELECT 1")).containsExactly("SET app.tenant = '7'", "SET search_path TO b");
    }

    @Test
    void settingsOfARolledBackTransactionAreNot() throws Exception {
        connection.setAutoCommit(false);
        execute("SET app.a = '1'");
        connection.commit();
        execute("SET app.b = '2'");
        connection.rollback();
        execute("SET LOCAL app.c = '3'");
        connection.commit();

        assertThat(restoredBy("SELECT 1"))
                .contains("SET app.a = '1'")
                .noneMatch(sql -> sql.contains("app.b") || sql.contains("app.c"));
    }

    /** A point is the same one, whether JDBC made it and SQL text goes back to it or the other way round. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void settingsAfterASavepointOfJdbcThatSqlTextWentBackToAreNot(boolean anotherInside) throws Exception {
        connection.setAutoCommit(false);
        execute("SET app.a = '1'");
        connection.setSavepoint("here");
        execute("SET app.b = '2'");
        if (anotherInside) {
            Savepoint inner = connection.setSavepoint("here");
            execute("SET app.c = '3'");
            connection.releaseSavepoint(inner);
        }
        execute("ROLLBACK TO SAVEPOINT here");
        connection.commit();

        assertThat(restoredBy("SELECT 1")).contains("SET app.a = '1'").noneMatch(sql -> sql.matches("SET app.[bc].*"));
    }

    /** Was it committed, they count; neither is known, and neither is done in silence. */
    @Test
    void settingsOfATransactionWhoseCommitStaysUnknownAreMissed() throws Exception {
        connection.setAutoCommit(false);
        execute("SET search_path TO a");
        first.script(sql -> sql.startsWith("COMMIT") ? Reaction.HANG_UP : Reaction.SUCCEED);
        assertThat(catchThrowableOfType(SQLException.class, connection::commit).getSQLState())
                .isEqualTo("08007");
        failOver();

        assertThat(catchThrowableOfType(SessionStateLostException.class, () -> execute("SELECT 1"))
                        .getMessage())
                .contains("transaction which ended unseen");
        execute("SELECT 1");
        assertThat(second.statements()).contains("SELECT 1").doesNotContain("SET search_path TO a");
    }

    @Test
    void settingsAfterASavepointThatWasGoneBackToAreNot() throws Exception {
        connection.setAutoCommit(false);
        execute("SET app.a = '1'");
        Savepoint savepoint = connection.setSavepoint();
        execute("SET app.b = '2'");
        connection.rollback(savepoint);
        execute("SAVEPOINT s");
        execute("SET app.c = '3'");
        execute("ROLLBACK TO s");
        execute("SET app.d = '4'");
        connection.commit();

        assertThat(restoredBy("SELECT 1").stream().filter(sql -> sql.startsWith("SET app.")))
                .containsExactly("SET app.a = '1'", "SET app.d = '4'");
    }

    @Test
    void settingsGivenAsParametersAreQuoted() throws Exception {
        try (PreparedStatement statement = connection.prepareStatement("SELECT set_config('app.user', ?, false)")) {
            statement.setString(1, "O'Neil");
            statement.execute();
        }
        assertThat(restoredBy("SELECT 1"))
                .containsExactly("SELECT pg_catalog.set_config('app.user', 'O''Neil', false)");
    }

    @Test
    void lastWordOnTheSchemaCountsWhicheverWayItWasSaid() throws Exception {
        execute("SET search_path TO a");
        connection.setSchema("b");
        assertThat(restoredBy("SELECT 1")).containsExactly("SET SESSION search_path TO 'b'");
    }

    @Test
    void lastWordOnTheIsolationLevelCountsWhicheverWayItWasSaid() throws Exception {
        execute("SET default_transaction_isolation = 'read committed'");
        connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
        assertThat(restoredBy("SELECT 1"))
                .containsExactly("SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE");
    }

    @Test
    void lastWordOnTheIsolationLevelMayBeThatOfSqlText() throws Exception {
        connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
        execute("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY, ISOLATION LEVEL REPEATABLE READ");
        execute("SET default_transaction_read_only TO DEFAULT");
        assertThat(restoredBy("SELECT 1"))
                .containsExactly("SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ");
    }

    @Test
    void applicationNameIsGivenToTheNextSession() throws Exception {
        connection.setClientInfo("ApplicationName", "billing");
        failOver();
        execute("SELECT 1");
        assertThat((Object) connection.getWarnings()).isNull();
        connection.setClientInfo("ApplicationName", "");
        assertThat(second.statements()).contains("SELECT 1");
    }

    @Test
    void listenIsRepeatedAndTheGapIsTold() throws Exception {
        execute("LISTEN orders");
        assertThat(restoredBy("SELECT 1")).containsExactly("LISTEN orders");
        assertThat(connection.getWarnings().getMessage()).contains("orders", "missed");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "CREATE TEMP TABLE numbers (a int)",
                "SELECT pg_advisory_lock(4711)",
                "PREPARE numbers AS SELECT 1",
                "DECLARE numbers CURSOR WITH HOLD FOR SELECT 1",
                "SELECT set_config('numbers.a', random()::text, false)"
            })
    void whatCannotBeRestoredFailsTheNextCallOnceAndIsNamed(String sql) throws Exception {
        execute(sql);
        failOver();
        SessionStateLostException lost =
                catchThrowableOfType(SessionStateLostException.class, () -> execute("SELECT 1"));

        assertThat(lost.getSQLState()).isEqualTo("08S02");
        assertThat(lost.getMessage()).containsAnyOf("numbers", "4711").contains("Nothing was sent");
        assertThat(second.statements()).doesNotContain("SELECT 1");
        execute("SELECT 1");
        assertThat(second.statements()).contains("SELECT 1");
    }

    @Test
    void whatWasLetGoIsNotMissed() throws Exception {
        execute("CREATE TEMP TABLE a (b int)");
        execute("DROP TABLE a");
        execute("SELECT pg_advisory_lock(1)");
        execute("SELECT pg_advisory_unlock(1)");
        execute("PREPARE p AS SELECT 1");
        execute("DEALLOCATE p");
        connection.setAutoCommit(false);
        execute("CREATE TEMP TABLE c (d int)");
        connection.rollback();
        failOver();
        assertThatCode(() -> execute("SELECT 1")).doesNotThrowAnyException();
    }

    @Test
    void lockTakenTwiceAndReleasedOnceIsMissed() throws Exception {
        execute("SELECT pg_advisory_lock(1)");
        execute("SELECT pg_advisory_lock(1)");
        execute("SELECT pg_advisory_unlock(1)");
        failOver();
        assertThatThrownBy(() -> execute("SELECT 1")).hasMessageContaining("session advisory lock 1");
    }

    @Test
    void refusedSettingIsToldOnce() throws Exception {
        second.script(sql -> sql.startsWith("SET ROLE") ? Reaction.FAIL : Reaction.SUCCEED);
        execute("SET ROLE gone");
        failOver();
        assertThatThrownBy(() -> execute("SELECT 1"))
                .isInstanceOf(SessionStateLostException.class)
                .hasMessageContaining("refused");
        assertThatCode(() -> execute("SELECT 1")).doesNotThrowAnyException();
    }

    /** A pool sets it once, and whoever borrows the connection next relies on it. */
    @Test
    void isolationLevelSetByJdbcOutlivesARefusedSetting() throws Exception {
        String level = "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE";
        second.script(sql -> sql.contains("SET ROLE") ? Reaction.FAIL : Reaction.SUCCEED);
        connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
        execute("SET ROLE gone");
        failOver();
        assertThatThrownBy(() -> execute("SELECT 1")).isInstanceOf(SessionStateLostException.class);
        assertThat(second.statements()).endsWith(level);
        try (ScriptedPostgres third = new ScriptedPostgres().timeline(3)) {
            source.member("node3", third.address()).elect("node3");
            execute("SELECT 2");
            assertThat(third.statements()).containsExactly(level, "SELECT 2");
        }
    }

    @Test
    void connectionInitSqlIsRunOnEachNewSession() throws Exception {
        connection.close();
        connection = connect("&connectionInitSql=SELECT%20set_up()");
        assertThat(first.statements()).containsExactly("SELECT set_up()");
        assertThat(restoredBy("SELECT 1")).containsExactly("SELECT set_up()");
    }

    @Test
    void resetIsRepeatedBehindConnectionInitSql() throws Exception {
        connection.close();
        connection = connect("&connectionInitSql=SET%20app.a%20TO%201");
        execute("SET work_mem = '2MB'");
        execute("RESET work_mem");
        execute("SET app.\"b\" TO DEFAULT");
        execute("RESET app.a");
        assertThat(restoredBy("SELECT 1"))
                .containsExactly("SET app.a TO 1", "RESET \"work_mem\"", "RESET \"app\".\"b\"", "RESET \"app\".\"a\"");
    }

    @Test
    void failingConnectionInitSqlNamesTheProperty() {
        first.script(sql -> sql.equals("SELECT broken()") ? Reaction.FAIL : Reaction.SUCCEED);
        assertThatThrownBy(() -> connect("&connectionInitSql=SELECT%20broken()").close())
                .hasMessageContaining("connectionInitSql")
                .extracting(e -> ((SQLException) e).getSQLState())
                .isEqualTo("23505");
    }

    @Test
    void connectionInitSqlThatHangsEndsAtTheDeadline() {
        first.script(sql -> sql.equals("SELECT stuck()") ? Reaction.HANG : Reaction.SUCCEED);
        assertThatThrownBy(() -> connect("&loginTimeout=3&hangThreshold=0ms&connectionInitSql=SELECT%20stuck()")
                        .close())
                .hasMessageContaining("connectionInitSql was not done")
                .extracting(e -> ((SQLException) e).getSQLState())
                .isEqualTo("08001");
        await().atMost(PATIENCE).until(() -> first.openSessions() == 1);
    }

    @Test
    void restoringThatHangsEndsAtTheQueryTimeout() throws Exception {
        execute("SET app.tenant = '7'");
        second.script(sql -> sql.startsWith("SET app.tenant") ? Reaction.HANG : Reaction.SUCCEED);
        try (Statement statement = connection.createStatement()) {
            statement.setQueryTimeout(1);
            failOver();
            SQLException timeout = catchThrowableOfType(SQLException.class, () -> statement.execute("SELECT 1"));
            assertThat((Object) timeout).isInstanceOf(SQLTimeoutException.class);
            assertThat(timeout.getSQLState()).isEqualTo("57014");

            second.script(sql -> Reaction.SUCCEED);
            statement.setQueryTimeout(0);
            statement.execute("SELECT 2");
        }
        assertThat(second.statements()).doesNotContain("SELECT 1").endsWith("SET app.tenant = '7'", "SELECT 2");
    }

    @Test
    void rollbackTextEndsALostTransaction() throws Exception {
        Statement madeBefore = connection.createStatement();
        execute("BEGIN");
        execute("INSERT INTO t VALUES (1)");
        failOver();
        assertThatThrownBy(() -> execute("INSERT INTO t VALUES (2)"))
                .extracting(e -> ((SQLException) e).getSQLState())
                .isEqualTo("40001");
        madeBefore.execute("ROLLBACK");
        execute("INSERT INTO t VALUES (3)");
        assertThat(second.statements()).contains("INSERT INTO t VALUES (3)").doesNotContain("INSERT INTO t VALUES (2)");
    }

    @Test
    void commitTextOfALostTransactionFailsOnceAndEndsIt() throws Exception {
        Statement madeBefore = connection.createStatement();
        execute("BEGIN");
        execute("INSERT INTO t VALUES (1)");
        failOver();
        for (String sql : List.of("INSERT INTO t VALUES (2)", "COMMIT")) {
            assertThatThrownBy(() -> madeBefore.execute(sql))
                    .extracting(e -> ((SQLException) e).getSQLState())
                    .isEqualTo("40001");
        }
        execute("INSERT INTO t VALUES (3)");
        assertThat(second.statements()).doesNotContain("COMMIT");
    }

    @Test
    void queryTimeoutEndsTheWaitForAPrimary() throws Exception {
        try (Statement statement = connection.createStatement()) {
            statement.execute("SELECT 1");
            statement.setQueryTimeout(1);
            source.loseLeader();
            first.close();
            await().atMost(PATIENCE).until(() -> first.openSessions() == 0);
            SQLException timeout = catchThrowableOfType(SQLException.class, () -> callUntilItWaits(statement));
            assertThat((Object) timeout).isInstanceOf(SQLTimeoutException.class);
            assertThat(timeout.getMessage()).contains("nothing was sent");
            assertThat(timeout.getSQLState()).isEqualTo("57014");
        }
    }

    /** The first call may still be sent to the dying session. */
    private static void callUntilItWaits(Statement statement) throws SQLException {
        for (int i = 0; i < 3; i++) {
            try {
                statement.execute("SELECT 2");
            } catch (SQLException e) {
                if (!"40003".equals(e.getSQLState())) {
                    throw e;
                }
            }
        }
    }

    @Test
    void cancelEndsTheWaitForAPrimaryAndNothingElse() throws Exception {
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement();
                Statement other = connection.createStatement()) {
            statement.execute("SELECT 1");
            connection.commit();
            source.loseLeader();
            first.close();
            CountDownLatch begun = new CountDownLatch(1);
            CompletableFuture<SQLException> call = CompletableFuture.supplyAsync(() -> {
                begun.countDown();
                return catchThrowableOfType(SQLException.class, () -> statement.execute("SELECT 2"));
            });
            assertThat(begun.await(20, TimeUnit.SECONDS)).isTrue();
            await().atMost(PATIENCE).until(() -> {
                other.cancel();
                if (!call.isDone()) {
                    statement.cancel();
                }
                return call.isDone();
            });
            assertThat(call.get().getSQLState()).isEqualTo("57014");
            assertThat(call.get().getMessage()).contains("cancelled while it waited for the primary");

            failOver();
            // It may have been sent before the session was found gone, and then its transaction is lost.
            connection.rollback();
            statement.execute("SELECT 3");
            assertThat(second.statements()).contains("SELECT 3").doesNotContain("SELECT 2");
        }
    }
}
