package io.github.pgbaton.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.replay.ReplayableConnection;
import io.github.pgbaton.scripted.WireProxy.Action;
import java.lang.reflect.Proxy;
import java.sql.Array;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLXML;
import java.sql.Savepoint;
import java.sql.Statement;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.PGStatement;
import org.postgresql.util.PGobject;

/** What must not be run again, and what a replay must not leave out. */
@Timeout(180)
class ReplayGuardsIT extends WireBench {
    private String failing(Call call) {
        return catchThrowableOfType(SQLException.class, call::run).getSQLState();
    }

    private interface Call {
        void run() throws SQLException;
    }

    @ParameterizedTest
    @ValueSource(strings = {"verified", "off"})
    void firstStatementOnTheDenyListIsNotRunAgain(String replay) throws Exception {
        connect("&replayDeny=wired_call&replay=" + replay);
        asAdmin("CREATE OR REPLACE FUNCTION wired_call() RETURNS int LANGUAGE sql AS 'SELECT 1'");
        once(sent -> executes(sent, "SELECT wired_call"), Action.LOSE_ANSWER);

        assertThat(failing(() -> run("SELECT wired_call()"))).isEqualTo("40001");
        connection.rollback();
        run(insert("a"));
        connection.commit();
        assertThat(rows()).containsExactly("a");
    }

    @Test
    void firstStatementOfATransactionThatTheApplicationKeepsFromAReplayIsNotRunAgain() throws Exception {
        ReplayableConnection replayable = connection.unwrap(ReplayableConnection.class);
        replayable.disableReplay();
        once(sent -> executes(sent, insert("a")), Action.LOSE_ANSWER);

        assertThat(failing(() -> run(insert("a")))).isEqualTo("40001");
        connection.rollback();
        assertThat(replayable.replayable()).as("the next one").isTrue();
        assertThat(rows()).isEmpty();
    }

    /** In the replay the rows that came later would be good. */
    @Test
    void errorInTheMiddleOfACursorIsNotForgotten() throws Exception {
        run(insert("a"));
        try (Statement statement = connection.createStatement()) {
            statement.setFetchSize(10);
            ResultSet rows = statement.executeQuery("SELECT 1 / (15 - n) FROM generate_series(1, 20) n");
            assertThat(failing(() -> {
                        while (rows.next()) {
                            rows.getInt(1);
                        }
                    }))
                    .isEqualTo("22012");
        }

        assertLostAtTheNextCall("SELECT 1", "a call failed in it that is not a statement");
    }

    @Test
    void savepointThatIsGoneIsNotForgotten() throws Exception {
        run(insert("a"));
        Savepoint here = connection.setSavepoint("here");
        run("RELEASE SAVEPOINT here");
        assertThat(failing(() -> connection.rollback(here))).isEqualTo("3B001");

        assertLostAtTheNextCall("SELECT 1", "a call failed in it that is not a statement");
    }

    @Test
    void metadataThatFailedIsNotForgotten() throws Exception {
        run(insert("a"));
        try (PreparedStatement unknown = connection.prepareStatement("SELECT nothing FROM nowhere")) {
            assertThat(failing(unknown::getMetaData)).isEqualTo("42P01");
        }

        assertLostAtTheNextCall("SELECT 1", "a call failed in it that is not a statement");
    }

    private void assertLostAtTheNextCall(String sql, String why) throws SQLException {
        once(sent -> executes(sent, sql), Action.LOSE);
        SQLException lost = catchThrowableOfType(SQLException.class, () -> run(sql));
        assertThat(lost.getSQLState()).isEqualTo("40001");
        assertThat(lost.getMessage()).contains(why);
        connection.rollback();
        assertThat(rows()).isEmpty();
    }

    @Test
    void statementTakenOutInAnEarlierTransactionKeepsLaterOnesFromBeingReplayed() throws Exception {
        PreparedStatement ours = connection.prepareStatement("SELECT 1");
        ours.unwrap(PGStatement.class).setPrepareThreshold(1);
        connection.commit();
        run(insert("a"));

        assertLostAtTheNextCall(insert("b"), "unwrap");
    }

    @Test
    void resultTakenOutInAnEarlierTransactionKeepsLaterOnesFromBeingReplayed() throws Exception {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("SELECT 1")) {
            rows.unwrap(org.postgresql.jdbc.PgResultSet.class);
        }
        connection.commit();
        run(insert("a"));

        assertLostAtTheNextCall(insert("b"), "unwrap");
    }

    @Test
    void metadataTakenOutKeepsTransactionsFromBeingReplayed() throws Exception {
        DatabaseMetaData raw = connection.getMetaData().unwrap(org.postgresql.jdbc.PgDatabaseMetaData.class);
        run(insert("a"));
        run(raw.getConnection(), insert("b"));

        assertLostAtTheNextCall(insert("c"), "unwrap");
    }

    @Test
    void arrayAndXmlFreedAfterTheyWereSentAreReplayed() throws Exception {
        Array numbers = connection.createArrayOf("int4", new Integer[] {1, 2});
        Array texts = connection.createArrayOf("text", new String[] {"x", null, "y,z"});
        SQLXML xml = connection.createSQLXML();
        xml.setString("<a/>");
        String sql =
                "INSERT INTO wired VALUES (array_to_string(?::int[], '+') || array_to_string(?::text[], '|', '-') ||"
                        + " (?::xml)::text || array_to_string(?::int[], '*'))";
        try (PreparedStatement insert = connection.prepareStatement(sql)) {
            insert.setArray(1, numbers);
            insert.setArray(2, texts);
            insert.setSQLXML(3, xml);
            insert.setObject(4, numbers);
            insert.executeUpdate();
            numbers.free();
            texts.free();
            xml.free();
            once(sent -> executes(sent, "INSERT INTO wired VALUES (array"), Action.LOSE);
            insert.executeUpdate();
        }
        connection.commit();

        assertThat(rows()).containsExactly("1+2x|-|y,z<a/>1*2", "1+2x|-|y,z<a/>1*2");
    }

    /** An array of somebody's own, and an object as the vectors of other libraries: both tell what is in their buffer. */
    @Test
    void objectsWhoseBufferIsUsedAgainAreReplayedAsTheyWereSent() throws Exception {
        int[] buffer = new int[1];
        Array array = (Array) Proxy.newProxyInstance(
                ReplayGuardsIT.class.getClassLoader(),
                new Class<?>[] {Array.class},
                (self, method, given) -> method.getName().equals("getBaseTypeName") ? "int4" : "{" + buffer[0] + "}");
        PGobject object = new PGobject() {
            private static final long serialVersionUID = 1L;

            @Override
            public String getValue() {
                return Integer.toString(buffer[0]);
            }
        };
        object.setType("int4");
        String sql = "INSERT INTO wired VALUES (array_to_string(?::int[], '') || ?::int::text)";
        try (PreparedStatement insert = connection.prepareStatement(sql)) {
            for (int row = 1; row <= 3; row++) {
                buffer[0] = row;
                insert.setArray(1, array);
                insert.setObject(2, object);
                insert.executeUpdate();
            }
        }
        buffer[0] = 9;
        once(sent -> executes(sent, insert("end")), Action.LOSE);
        run(insert("end"));
        connection.commit();

        assertThat(rows()).containsExactly("11", "22", "33", "end");
    }

    /** The first time it is done at once; the second time it waits for a lock. */
    @Test
    void cancelEndsAReplay() throws Exception {
        String lock = "SELECT pg_advisory_xact_lock(7252)";
        run(insert("a"));
        run(lock);
        Statement call = connection.createStatement();
        AtomicBoolean broken = new AtomicBoolean();
        proxy.script(sent -> {
            if (!executes(sent, insert("b")) || broken.getAndSet(true)) {
                return Action.FORWARD;
            }
            return Action.LOSE;
        });
        try (Connection other = superuser()) {
            CompletableFuture<Boolean> locked = waitingForTheLock(other);
            CompletableFuture<SQLException> told = CompletableFuture.supplyAsync(
                    () -> catchThrowableOfType(SQLException.class, () -> call.execute(insert("b"))));
            assertThat(locked.get(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
            await().atMost(PATIENCE).until(() -> waitingForALock().equals("1"));
            call.cancel();

            assertThat(told.get(PATIENCE.toSeconds(), TimeUnit.SECONDS).getSQLState())
                    .isEqualTo("57014");
        }
        connection.rollback();
        run(insert("c"));
        connection.commit();
        assertThat(rows()).containsExactly("c");
    }

    @Test
    void replayThatWaitsForALockLongerThanFailoverTimeoutIsGivenUp() throws Exception {
        connect("&failoverTimeout=10s");
        run(insert("a"));
        run("SELECT pg_advisory_xact_lock(7252)");
        once(sent -> executes(sent, insert("b")), Action.LOSE);
        try (Connection other = superuser()) {
            CompletableFuture<Boolean> locked = waitingForTheLock(other);
            SQLException lost = catchThrowableOfType(SQLException.class, () -> run(insert("b")));

            assertThat(locked).isCompletedWithValue(true);
            assertThat(lost.getSQLState()).isEqualTo("40001");
            assertThat(lost.getMessage())
                    .contains("it was not done within failoverTimeout")
                    .contains("its COMMIT was not sent, so nothing of it was committed")
                    .contains("roll back and run the whole transaction again");
        }
        connection.rollback();
        run(insert("c"));
        connection.commit();
        assertThat(rows()).containsExactly("c");
    }

    @ParameterizedTest
    @EnumSource
    void endOfTheConnectionEndsAReplayThatWaitsForALock(End end) throws Exception {
        run(insert("a"));
        run("SELECT pg_advisory_xact_lock(7252)");
        AtomicBoolean broken = new AtomicBoolean();
        proxy.script(sent -> executes(sent, insert("b")) && !broken.getAndSet(true) ? Action.LOSE : Action.FORWARD);
        // Without another connection the tracker would end, and break every socket.
        try (Connection other = superuser();
                Connection another = source.getConnection()) {
            CompletableFuture<Boolean> locked = waitingForTheLock(other);
            CompletableFuture<SQLException> told = CompletableFuture.supplyAsync(
                    () -> catchThrowableOfType(SQLException.class, () -> run(insert("b"))));
            assertThat(locked.get(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
            await().atMost(PATIENCE).until(() -> waitingForALock().equals("1"));
            end.of(connection);

            // The lock is held still, and failoverTimeout is far away.
            assertThat(told.get(PATIENCE.toSeconds() / 3, TimeUnit.SECONDS).getSQLState())
                    .isEqualTo("08003");
            assertThat(another.isClosed()).isFalse();
        }
        assertThat(rows()).isEmpty();
    }

    private CompletableFuture<Boolean> waitingForTheLock(Connection other) {
        CompletableFuture<Boolean> locked = CompletableFuture.supplyAsync(() -> {
            try {
                return text(other, "SELECT pg_advisory_lock(7252)") != null;
            } catch (SQLException e) {
                throw new IllegalStateException(e);
            }
        });
        await().atMost(PATIENCE).until(() -> waitingForALock().equals("1"));
        return locked;
    }

    private String waitingForALock() throws SQLException {
        return text(
                admin, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 7252 AND NOT granted");
    }

    @Test
    void commitThatABackslashHidesIsNotDoneTwice() throws Exception {
        run("SET standard_conforming_strings TO off");
        connection.commit();
        run(insert("first"));
        run("SELECT '\\''; COMMIT AND CHAIN");
        run(insert("a"));
        once(sent -> executes(sent, insert("b")), Action.LOSE);

        assertThat(failing(() -> run(insert("b")))).isEqualTo("08007");
        connection.rollback();
        assertThat(rows()).containsExactly("first");
    }

    @Test
    void lockTakenByATextThatFailedIsMissed() throws Exception {
        connection.setAutoCommit(true);
        assertThat(failing(() -> run("SELECT pg_advisory_lock(7253); SELECT 1/0")))
                .isEqualTo("22012");
        connection.setAutoCommit(false);
        run(insert("a"));

        assertLostAtTheNextCall(insert("b"), "session advisory lock 7253");
    }
}
