package io.github.pgbaton.failover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.Protection;
import io.github.pgbaton.replay.ProtectionReport;
import io.github.pgbaton.replay.ReplayableConnection;
import java.io.ByteArrayInputStream;
import java.sql.Blob;
import java.sql.CallableStatement;
import java.sql.Clob;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.PGConnection;

/** What cannot be run again keeps its transaction from being replayed; that one fails with 40001, and says why. */
@Timeout(120)
class UnreplayableIT extends ReplayBench {
    @Test
    void transactionThatSqlTextBeganIsNotReplayedWithoutItsBeginning() throws Exception {
        connection.setAutoCommit(true);
        run("BEGIN");
        add("a");
        connection.setAutoCommit(false);
        add("b");
        breakSession();

        assertLost("begun by SQL text");
        assertGoesOnAfterRollback();
    }

    @Test
    void refcursorIsNotReplayed() throws Exception {
        others("CREATE OR REPLACE FUNCTION opened() RETURNS refcursor LANGUAGE plpgsql AS"
                + " $$ DECLARE c refcursor; BEGIN OPEN c FOR SELECT 1; RETURN c; END $$");
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("SELECT opened()")) {
            rows.next();
            assertThat(rows.getObject(1)).isInstanceOf(ResultSet.class);
            breakSession();

            assertLost("refcursor");
        }
    }

    @Test
    void callableStatementIsNotReplayed() throws Exception {
        try (CallableStatement call = connection.prepareCall("{? = call upper(?)}")) {
            call.registerOutParameter(1, java.sql.Types.VARCHAR);
            call.setString(2, "a");
            call.execute();
        }
        breakSession();

        assertLost("it uses a CallableStatement");
    }

    @Test
    void streamAsAParameterIsNotReplayed() throws Exception {
        try (PreparedStatement insert = connection.prepareStatement(
                "INSERT INTO replayed (test, v) VALUES ('" + name + "', convert_from(?, 'UTF8'))")) {
            insert.setBinaryStream(1, new ByteArrayInputStream(new byte[] {'a'}));
            insert.executeUpdate();
        }
        breakSession();

        assertLost("a stream");
    }

    @Test
    void transactionLargerThanTheJournalIsNotReplayed() throws Exception {
        connect("journalLimit=1KiB");
        add("x".repeat(2000));
        breakSession();

        assertLost("it is larger than journalLimit");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            SELECT pg_export_snapshot()      | it calls pg_export_snapshot()
            SELECT lo_create(0)              | it calls lo_create()
            DO $$ BEGIN PERFORM 1; END $$    | it runs DO
            PREPARE one AS SELECT 1          | it runs PREPARE
            COPY (SELECT 1) TO STDOUT        | it runs COPY
            CALL harmless()                  | it runs CALL
            SELECT pg_advisory_lock(4712)    | the session held
            """)
    void effectsOutsideTheTransactionKeepItFromBeingReplayed(String sql, String because) throws Exception {
        others("CREATE OR REPLACE PROCEDURE harmless() LANGUAGE sql AS $$ SELECT 1 $$");
        add("a");
        if (sql.startsWith("COPY")) {
            // PgJDBC runs none in SQL text, but has sent it by then.
            Savepoint here = connection.setSavepoint();
            assertThatThrownBy(() -> run(sql)).isInstanceOf(SQLException.class);
            connection.rollback(here);
        } else {
            run(sql);
        }
        breakSession();

        assertLost(because);
    }

    /** In which transaction it was given, and in which one it is used, are two things. */
    @ParameterizedTest
    @CsvSource({"BLOB, false", "BLOB, true", "CLOB, false", "CLOB, true", "OBJECT, false", "OBJECT, true"})
    void largeObjectKeepsTheTransactionItIsUsedInFromBeingReplayed(LargeObject type, boolean later) throws Exception {
        String oid = text("SELECT lo_from_bytea(0, 'abc')");
        connection.commit();
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("SELECT " + oid + "::oid")) {
            rows.next();
            LargeObject.Use use = type.of(rows);
            if (later) {
                connection.commit();
                assertThat(connection.unwrap(ReplayableConnection.class).replayable())
                        .isTrue();
                add("a");
                use.use();
            }
        }
        breakSession();

        assertLost("it uses a large object");
        assertGoesOnAfterRollback();
    }

    enum LargeObject {
        BLOB {
            @Override
            Use of(ResultSet rows) throws SQLException {
                Blob blob = rows.getBlob(1);
                return () -> blob.setBytes(1, new byte[] {'x'});
            }
        },
        CLOB {
            @Override
            Use of(ResultSet rows) throws SQLException {
                Clob clob = rows.getClob(1);
                return () -> assertThat(clob.length()).isEqualTo(3);
            }
        },
        OBJECT {
            @Override
            Use of(ResultSet rows) throws SQLException {
                Blob blob = rows.getObject(1, Blob.class);
                return () -> assertThat(blob.getBytes(1, 3)).hasSize(3);
            }
        };

        abstract Use of(ResultSet rows) throws SQLException;

        interface Use {
            void use() throws SQLException;
        }
    }

    @Test
    void largeObjectAsAParameterIsNotReplayed() throws Exception {
        try (PreparedStatement insert = connection.prepareStatement(
                "INSERT INTO replayed (test, v) VALUES ('" + name + "', (?::oid > 0)::text)")) {
            insert.setBlob(1, new ByteArrayInputStream(new byte[] {'a'}));
            insert.executeUpdate();
        }
        breakSession();

        assertLost("a stream, a reader or a large object");
        assertGoesOnAfterRollback();
    }

    /** Somebody else may have taken it by then, and done what it guards. */
    @ParameterizedTest
    @ValueSource(strings = {"SELECT pg_advisory_unlock(4713)", "SELECT pg_advisory_unlock_all()"})
    void olderLockThatItGaveBackKeepsATransactionFromBeingReplayed(String unlock) throws Exception {
        run("SELECT pg_advisory_lock(4713)");
        connection.commit();
        add("a");
        run(unlock);
        breakSession();

        assertLost("it gave back a session advisory lock that its session had held before");
    }

    @Test
    void lockThatItTookAndGaveBackIsTakenAgain() throws Exception {
        add("a");
        run("SELECT pg_advisory_lock(4714)");
        run("SELECT pg_advisory_unlock(4714)");
        breakSession();
        add("b");
        connection.commit();

        assertThat(committed()).containsExactly("a", "b");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            CREATE TEMP TABLE older (a int)                    | temporary table older
            SELECT 1 AS a INTO pg_temp.older                   | temporary table older
            CREATE TYPE pg_temp.older AS (a int)               | temporary object older
            DECLARE older CURSOR WITH HOLD FOR SELECT 1        | cursor WITH HOLD older
            PREPARE older AS SELECT 1                          | prepared statement older
            """)
    void whatTheSessionHadBeforeKeepsATransactionFromBeingReplayed(String create, String named) throws Exception {
        run(create);
        connection.commit();
        add("a");
        breakSession();

        assertLost("the session held " + named);
    }

    @ParameterizedTest
    @CsvSource({
        ResultSet.TYPE_SCROLL_INSENSITIVE + ", " + ResultSet.CONCUR_READ_ONLY + ", it uses a scrollable result",
        ResultSet.TYPE_FORWARD_ONLY + ", " + ResultSet.CONCUR_UPDATABLE + ", it uses an updatable result"
    })
    void scrollableAndUpdatableResultsAreNotReplayed(int type, int concurrency, String because) throws Exception {
        try (Statement statement = connection.createStatement(type, concurrency);
                ResultSet rows = statement.executeQuery("SELECT k, v FROM replayed")) {
            rows.next();
            breakSession();

            assertLost(because);
        }
    }

    @Test
    void lookAheadInAResultIsNotReplayed() throws Exception {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("SELECT 1")) {
            rows.next();
            assertThat(rows.isLast()).isTrue();
            breakSession();

            assertLost("it looks ahead in a result with isLast");
        }
    }

    @Test
    void resultOfTheMetadataIsNotReplayed() throws Exception {
        try (ResultSet tables = connection.getMetaData().getTables(null, null, "replayed", null)) {
            assertThat(tables.next()).isTrue();
        }
        breakSession();

        assertLost("it asks DatabaseMetaData for a result");
    }

    @Test
    void severalOpenResultsOfOneTextAreNotReplayed() throws Exception {
        try (Statement statement = connection.createStatement()) {
            statement.execute("SELECT 1; SELECT 2");
            statement.getMoreResults(Statement.KEEP_CURRENT_RESULT);
            breakSession();

            assertLost("it keeps several results of one statement open");
        }
    }

    @Test
    void nameOnTheDenyListKeepsATransactionFromBeingReplayed() throws Exception {
        connect("replayDeny=upper,truncate");
        text("SELECT upper('a')");
        breakSession();

        assertLost("it calls upper()");
    }

    @Test
    void connectionWhosePgJdbcConnectionWasTakenOutIsNotReplayed() throws Exception {
        connection.unwrap(PGConnection.class).getBackendPID();
        add("a");
        breakSession();

        assertLost("unwrap");
    }

    @Test
    void applicationKeepsATransactionFromBeingReplayed() throws Exception {
        ReplayableConnection replayable = connection.unwrap(ReplayableConnection.class);
        assertThat(replayable.replayable()).isTrue();
        replayable.disableReplay();
        add("a");
        assertThat(replayable.obstacle()).contains("the application disabled it");
        breakSession();

        assertLost("the application disabled it");
        assertGoesOnAfterRollback();
        assertThat(replayable.replayable()).as("the next one").isTrue();
    }

    @Test
    void reportCountsTransactionsAndSaysWhatKeptThemFromBeingProtected() throws Exception {
        ProtectionReport before = report();
        add("a");
        connection.commit();
        text("SELECT lo_get(0) WHERE false OR 'secret' = 'secret' AND 1 = 0 UNION SELECT 'x'::bytea");
        connection.commit();
        add("b");
        breakSession();
        add("c");
        connection.commit();
        ProtectionReport after = report();

        assertThat(after.protectedTransactions() - before.protectedTransactions())
                .isEqualTo(2);
        assertThat(after.unprotectedTransactions() - before.unprotectedTransactions())
                .isEqualTo(1);
        assertThat(after.replayed() - before.replayed()).isEqualTo(1);
        assertThat(after.reasons().keySet())
                .as("without a literal, and whole otherwise")
                .contains(new ProtectionReport.Reason(
                        "it calls lo_get(), whose effects a rollback does not undo",
                        "SELECT lo_get(?) WHERE false OR ?= ? AND ?= ? UNION SELECT ?::bytea"));
    }

    private static ProtectionReport report() {
        return Protection.reports().stream()
                .filter(report -> report.cluster().endsWith(CLUSTER.cluster().scope()))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void cancelledStatementKeepsTheTransactionFromBeingReplayed() throws Exception {
        Savepoint here = connection.setSavepoint();
        try (Statement slow = connection.createStatement()) {
            slow.setQueryTimeout(1);
            assertThatThrownBy(() -> slow.execute("SELECT pg_sleep(60)")).hasMessageContaining("cancel");
        }
        connection.rollback(here);
        breakSession();

        assertLost("cancelled or timed out");
    }

    @Test
    void replaySwitchedOffLeavesTheTransactionToTheApplication() throws Exception {
        connect("replay=off");
        add("a");
        breakSession();

        assertLost("replay is off");
        assertGoesOnAfterRollback();
    }

    @Test
    void copyKeepsTheTransactionFromBeingReplayed() throws Exception {
        connection
                .unwrap(PGConnection.class)
                .getCopyAPI()
                .copyIn("COPY replayed (test, v) FROM STDIN", new java.io.StringReader(name + "\ta\n"));
        breakSession();

        assertLost("unwrap");
        assertGoesOnAfterRollback();
    }

    @Test
    void procedureThatCommitsIsUnknownInFlight() throws Exception {
        others("CREATE OR REPLACE PROCEDURE commits_half() LANGUAGE plpgsql AS $$ BEGIN"
                + " INSERT INTO replayed (test, v) VALUES ('" + name
                + "', 'half'); COMMIT; PERFORM pg_sleep(120); END $$");
        connection.setAutoCommit(true);
        CompletableFuture<SQLException> told = CompletableFuture.supplyAsync(
                () -> catchThrowableOfType(SQLException.class, () -> run("CALL commits_half()")));
        await().atMost(PATIENCE).until(() -> !committed().isEmpty());
        breakSession();

        assertThat(told.get(PATIENCE.toSeconds(), TimeUnit.SECONDS).getSQLState())
                .isEqualTo("40003");
        assertThat(committed()).containsExactly("half");
    }

    @Test
    void procedureKeepsTheTransactionFromBeingReplayed() throws Exception {
        others("CREATE OR REPLACE PROCEDURE harmless() LANGUAGE sql AS $$ SELECT 1 $$");
        run("CALL harmless()");
        breakSession();

        assertLost("CALL");
        assertGoesOnAfterRollback();
    }
}
