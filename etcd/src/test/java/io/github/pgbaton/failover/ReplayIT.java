package io.github.pgbaton.failover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.BatonDataSource;
import io.github.pgbaton.Protection;
import io.github.pgbaton.internal.outcome.LedgerSql;
import io.github.pgbaton.replay.ProtectionReport;
import io.github.pgbaton.replay.ReplayableConnection;
import io.github.pgbaton.testkit.PatroniCluster;
import io.github.pgbaton.testkit.PatroniClusterExtension;
import java.io.ByteArrayInputStream;
import java.sql.BatchUpdateException;
import java.sql.CallableStatement;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.PGConnection;

/**
 * A transaction whose session is terminated in the middle goes on as if nothing had happened, or fails with 40001; on a
 * real PostgreSQL, which takes a session away as a failover does, but at once.
 */
@Timeout(120)
class ReplayIT {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final AtomicInteger NAMES = new AtomicInteger();

    @RegisterExtension
    static final PatroniClusterExtension CLUSTER = Clusters.quick();

    private static Connection admin;

    private String name;
    private BatonDataSource source;
    private Connection connection;

    @BeforeAll
    static void connectPastTheDriver() throws Exception {
        PatroniCluster cluster = CLUSTER.cluster();
        cluster.awaitPrimary(PATIENCE);
        admin = DriverManager.getConnection(
                "jdbc:postgresql://" + cluster.seeds() + "/" + cluster.database() + "?targetServerType=primary",
                cluster.user(),
                cluster.password());
        run(admin, "DROP TABLE IF EXISTS replayed");
        run(admin, "CREATE TABLE replayed (k serial PRIMARY KEY, test text, v text, UNIQUE (test, v))");
        run(admin, LedgerSql.create(LedgerSql.DEFAULT_RETENTION, List.of()));
    }

    @AfterAll
    static void disconnect() throws Exception {
        admin.close();
    }

    @BeforeEach
    void open() throws Exception {
        connect();
    }

    private void connect(String... more) throws Exception {
        close();
        name = "replay-" + NAMES.incrementAndGet();
        List<String> parameters = new ArrayList<>(List.of(more));
        parameters.add("ApplicationName=" + name);
        source = Clusters.dataSource(CLUSTER.cluster(), parameters.toArray(String[]::new));
        connection = source.getConnection();
        connection.setAutoCommit(false);
    }

    @AfterEach
    void close() throws Exception {
        if (source != null) {
            connection.close();
            source.close();
        }
    }

    /** Ends the session behind the connection, and returns once the server has rolled back what was open there. */
    private void breakSession() throws SQLException {
        int pid = backends().get(0);
        run(admin, "SELECT pg_terminate_backend(" + pid + ")");
        await().atMost(PATIENCE).until(() -> !backends().contains(pid));
    }

    private List<Integer> backends() throws SQLException {
        List<Integer> pids = new ArrayList<>();
        try (Statement statement = admin.createStatement();
                ResultSet rows = statement.executeQuery("SELECT pid FROM pg_stat_activity WHERE application_name = '"
                        + name + "' ORDER BY backend_start")) {
            while (rows.next()) {
                pids.add(rows.getInt(1));
            }
        }
        return pids;
    }

    private static void run(Connection on, String sql) throws SQLException {
        try (Statement statement = on.createStatement()) {
            statement.execute(sql);
        }
    }

    private void run(String sql) throws SQLException {
        run(connection, sql);
    }

    private int update(String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            return statement.executeUpdate(sql);
        }
    }

    private String text(String sql) throws SQLException {
        return text(connection, sql);
    }

    private static String text(Connection on, String sql) throws SQLException {
        try (Statement statement = on.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            rows.next();
            return rows.getString(1);
        }
    }

    private void add(String value) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement("INSERT INTO replayed (test, v) VALUES (?, ?)")) {
            insert.setString(1, name);
            insert.setString(2, value);
            assertThat(insert.executeUpdate()).isEqualTo(1);
        }
    }

    private List<String> committed() throws SQLException {
        List<String> values = new ArrayList<>();
        try (PreparedStatement select = admin.prepareStatement("SELECT v FROM replayed WHERE test = ? ORDER BY v")) {
            select.setString(1, name);
            try (ResultSet rows = select.executeQuery()) {
                while (rows.next()) {
                    values.add(rows.getString(1));
                }
            }
        }
        return values;
    }

    private static void others(String sql) throws SQLException {
        run(admin, sql);
    }

    private void assertLost(String because) {
        SQLException lost = catchThrowableOfType(SQLException.class, () -> text("SELECT 1"));
        assertThat((Throwable) lost).isNotNull();
        assertThat(lost.getSQLState()).isEqualTo("40001");
        assertThat(lost.getMessage()).contains(because).contains("nothing of it was committed");
    }

    private void assertGoesOnAfterRollback() throws SQLException {
        connection.rollback();
        assertThat(text("SELECT 1")).isEqualTo("1");
        connection.commit();
        assertThat(committed()).isEmpty();
    }

    // What goes on.

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
            connection.rollback();
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
    void locksAreTakenAgain() throws Exception {
        add("a");
        connection.commit();
        assertThat(text("SELECT v FROM replayed WHERE test = '" + name + "' FOR UPDATE"))
                .isEqualTo("a");
        run("SELECT pg_advisory_xact_lock(815)");
        breakSession();
        assertThat(text("SELECT 1")).isEqualTo("1");

        assertThat(text(admin, "SELECT pg_try_advisory_xact_lock(815)")).isEqualTo("f");
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

    // What does not.

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
    @ValueSource(
            strings = {
                "SELECT pg_export_snapshot()",
                "SELECT lo_create(0)",
                "DO $$ BEGIN PERFORM 1; END $$",
                "SELECT pg_advisory_lock(4712)",
                "CREATE TEMP TABLE older (a int)"
            })
    void effectsOutsideTheTransactionKeepItFromBeingReplayed(String sql) throws Exception {
        if (sql.startsWith("CREATE")) {
            // It is the session's, and the transaction that uses it is a later one.
            run(sql);
            connection.commit();
        }
        add("a");
        if (!sql.startsWith("CREATE")) {
            run(sql);
        }
        breakSession();

        assertLost("because");
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
                .anySatisfy(reason -> assertThat(reason.construct()).contains("lo_get()"))
                .allSatisfy(reason -> assertThat(String.valueOf(reason.sql())).doesNotContain("secret"));
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
}
