package io.github.pgbaton.internal.outcome;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.pgbaton.replay.ReplayableConnection;
import io.github.pgbaton.scripted.WireProxy.Action;
import io.github.pgbaton.testkit.PatroniClusterExtension;
import java.io.ByteArrayInputStream;
import java.sql.Blob;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A transaction that was to be read-only counts as one only where it cannot have written. */
@Timeout(120)
class ReadOnlyDoubtIT {
    @RegisterExtension
    static final PatroniClusterExtension CLUSTER =
            PatroniClusterExtension.local(builder -> builder.members(1).synchronousMode(false));

    private final List<Integer> lost = new ArrayList<>();
    private LedgerBench bench;

    @BeforeEach
    void open() throws Exception {
        bench = new LedgerBench(CLUSTER.cluster());
        bench.asAdmin("CREATE TABLE twice (id int)", "GRANT ALL ON twice TO PUBLIC");
    }

    @AfterEach
    void close() throws Exception {
        bench.asAdmin("DROP TABLE twice");
        bench.close();
    }

    private Connection readOnly(String parameters) throws SQLException {
        Connection connection = bench.keep(DriverManager.getConnection(
                "jdbc:pgbaton:postgresql://" + bench.proxy.address() + "/"
                        + CLUSTER.cluster().database() + "?failoverTimeout=20s" + parameters,
                CLUSTER.cluster().user(),
                CLUSTER.cluster().password()));
        connection.setReadOnly(true);
        connection.setAutoCommit(false);
        return connection;
    }

    private void answerOfTheCommitIsLostAndItsOutcomeUnknown(Connection connection) {
        loseTheAnswer();
        SQLException unknown = catchThrowableOfType(SQLException.class, connection::commit);
        assertThat(lost).isNotEmpty();
        assertThat(unknown.getSQLState()).isEqualTo("08007");
    }

    /** The next COMMIT takes effect, and nobody hears of it. */
    private void loseTheAnswer() {
        bench.proxy.script(sent -> {
            boolean commit = sent.type() == 'E'
                    && (sent.sql().contains("COMMIT") || sent.sql().contains("pgbaton.tx("));
            if (!commit || !lost.isEmpty()) {
                return Action.FORWARD;
            }
            lost.add(1);
            return Action.LOSE_ANSWER;
        });
    }

    private void assertWrittenOnce() throws SQLException {
        assertThat(lost).isNotEmpty();
        assertThat(bench.value("SELECT count(*) FROM twice")).isEqualTo("1");
    }

    @Test
    void whereTheServerIsNotToldTheCommitCarriesAToken() throws SQLException {
        Connection connection = readOnly("&readOnlyMode=ignore");
        LedgerBench.run(connection, "INSERT INTO twice VALUES (1)");
        loseTheAnswer();

        connection.commit();

        assertWrittenOnce();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SET TRANSACTION READ WRITE",
                "SET LOCAL transaction_read_only = off",
                "SET \"transaction_read_only\" TO off",
                "RESET transaction_read_only",
                "BEGIN READ WRITE"
            })
    void whereSqlTextMadeItWriteItsOutcomeIsUnknownAndItIsNotRunAgain(String sql) throws SQLException {
        Connection connection = readOnly("");
        LedgerBench.run(connection, sql);
        LedgerBench.run(connection, "INSERT INTO twice VALUES (1)");
        answerOfTheCommitIsLostAndItsOutcomeUnknown(connection);
        assertWrittenOnce();
    }

    /** PgJDBC makes the large object as it binds, and for that it begins a transaction that may write. */
    @Test
    void whereAParameterMadeALargeObjectFirstItsOutcomeIsUnknownAndItIsNotRunAgain() throws Exception {
        Connection connection = readOnly("");
        try (PreparedStatement insert =
                connection.prepareStatement("INSERT INTO twice SELECT 1 WHERE CAST(? AS oid) > 0")) {
            // The first one of a session begins with a look into the catalog.
            insert.setBlob(1, new ByteArrayInputStream(new byte[] {1, 2, 3}));
            connection.rollback();
            insert.setBlob(1, new ByteArrayInputStream(new byte[] {1, 2, 3}));
            insert.executeUpdate();
        }
        answerOfTheCommitIsLostAndItsOutcomeUnknown(connection);
        assertWrittenOnce();
    }

    /** PostgreSQL before 16 lets a READ ONLY transaction write them. */
    @Test
    void whereItMayHaveWrittenALargeObjectItsOutcomeIsUnknown() throws Exception {
        Connection connection = readOnly("");
        String old = bench.value("SELECT current_setting('server_version_num')::int < 160000");
        assumeTrue(old.equals("t"), "a PostgreSQL that lets it write");
        bench.asAdmin("SELECT lo_unlink(oid) FROM pg_largeobject_metadata WHERE oid = 4711");
        LedgerBench.run(connection, "SELECT lo_from_bytea(4711, 'abc')");
        answerOfTheCommitIsLostAndItsOutcomeUnknown(connection);
        assertThat(bench.value("SELECT convert_from(lo_get(4711), 'UTF8')")).isEqualTo("abc");
        bench.asAdmin("SELECT lo_unlink(4711)");
    }

    /** It is used for the first time in a later transaction, as its first call. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void whereALargeObjectWroteFirstItsOutcomeIsUnknownAndItIsNotRunAgain(boolean object) throws Exception {
        String oid = bench.value("SELECT lo_from_bytea(0, 'abc')");
        bench.asAdmin("GRANT ALL ON LARGE OBJECT " + oid + " TO PUBLIC");
        Connection connection = readOnly("");
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT " + oid + "::oid")) {
            row.next();
            Blob blob = object ? row.getObject(1, Blob.class) : row.getBlob(1);
            connection.commit();
            blob.setBytes(1, new byte[] {'x'});
        }
        answerOfTheCommitIsLostAndItsOutcomeUnknown(connection);
        assertThat(bench.value("SELECT convert_from(lo_get(" + oid + "), 'UTF8')"))
                .isEqualTo("xbc");
    }

    /** It was sent, and the application is not told otherwise. */
    @Test
    void whereItOnlyReadAndCannotBeReplayedTheCommitIsNotSaidNotToHaveBeenSent() throws Exception {
        Connection connection = readOnly("");
        connection.unwrap(ReplayableConnection.class).disableReplay();
        LedgerBench.run(connection, "SELECT count(*) FROM twice");
        loseTheAnswer();

        SQLException told = catchThrowableOfType(SQLException.class, connection::commit);

        assertThat(told.getSQLState()).isEqualTo("40001");
        assertThat(told.getMessage())
                .contains("its COMMIT was sent and cut off")
                .contains("it had changed nothing")
                .contains("the application disabled it")
                .contains("run the whole transaction again")
                .doesNotContain("not sent");
    }

    @Test
    void whereItOnlyReadTheCommitIsReplayed() throws SQLException {
        Connection connection = readOnly("");
        LedgerBench.run(connection, "SELECT count(*) FROM twice");
        loseTheAnswer();

        connection.commit();

        assertThat(lost).isNotEmpty();
    }

    /** What it read may have been no state that ever was, which only its COMMIT would have told. */
    @Test
    void whereItOnlyReadTheCommitIsNotTakenForGood() throws SQLException {
        Connection connection = readOnly("");
        connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT count(*) FROM twice")) {
            row.next();
            assertThat(row.getInt(1)).isZero();
        }
        bench.proxy.script(sent -> {
            if (sent.type() != 'E' || !sent.sql().contains("COMMIT") || !lost.isEmpty()) {
                return Action.FORWARD;
            }
            lost.add(1);
            try {
                bench.asAdmin("INSERT INTO twice VALUES (1)");
            } catch (SQLException e) {
                throw new IllegalStateException(e);
            }
            return Action.LOSE_ANSWER;
        });

        SQLException changed = catchThrowableOfType(SQLException.class, connection::commit);

        assertThat(changed.getSQLState()).isEqualTo("40001");
        assertThat(changed.getMessage())
                .contains("running it again came out differently")
                .contains("its COMMIT was sent and cut off")
                .doesNotContain("not sent");
    }
}
