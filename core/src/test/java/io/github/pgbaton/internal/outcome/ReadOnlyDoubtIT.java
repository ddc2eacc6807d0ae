package io.github.pgbaton.internal.outcome;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.github.pgbaton.scripted.WireProxy.Action;
import io.github.pgbaton.testkit.PatroniClusterExtension;
import java.sql.Connection;
import java.sql.DriverManager;
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
        loseTheAnswer();

        SQLException unknown = catchThrowableOfType(SQLException.class, connection::commit);

        assertThat(unknown.getSQLState()).isEqualTo("08007");
        assertWrittenOnce();
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
        assertThat(changed.getMessage()).contains("running it again came out differently");
    }
}
