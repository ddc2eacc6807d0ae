package io.github.pgbaton.failover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.BatonDataSource;
import io.github.pgbaton.testkit.PatroniCluster;
import io.github.pgbaton.testkit.PatroniClusterExtension;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * A connection that a firewall has forgotten, to a primary that lives and answers on all others: its call does not wait
 * for the quarter of an hour that the kernel would take, and no other connection is touched.
 */
@Timeout(180)
class HalfOpenIT {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final String SOON = "hangThreshold=1s";

    @RegisterExtension
    static final PatroniClusterExtension CLUSTER = Clusters.quick();

    private PatroniCluster cluster;
    private String primary;
    private final List<BatonDataSource> sources = new ArrayList<>();

    @BeforeEach
    void open() throws SQLException {
        cluster = CLUSTER.cluster();
        primary = cluster.awaitPrimary(PATIENCE);
        try (Connection connection = connect()) {
            run(connection, "CREATE TABLE IF NOT EXISTS half_open (id int PRIMARY KEY)");
            run(connection, "TRUNCATE half_open");
        }
    }

    @AfterEach
    void close() {
        cluster.healAll();
        sources.forEach(BatonDataSource::close);
    }

    private Connection connect(String... more) throws SQLException {
        BatonDataSource source = Clusters.dataSource(cluster, more);
        sources.add(source);
        return source.getConnection();
    }

    private static void run(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static int number(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return row.getInt(1);
        }
    }

    private static int port(Connection connection) throws SQLException {
        return number(connection, "SELECT inet_client_port()");
    }

    private Calls.Call<Void> started(Connection connection, String sql) {
        return Calls.start("half-open", () -> {
            run(connection, sql);
            return null;
        });
    }

    @Test
    void transactionIsReplayedWhoseStatementIsSentWhereNothingArrives() throws Exception {
        try (Connection connection = connect(SOON);
                Connection other = connect(SOON)) {
            int otherPort = port(other);
            int before = port(connection);
            connection.setAutoCommit(false);
            run(connection, "INSERT INTO half_open VALUES (1)");
            cluster.forgetConnection(primary, before);
            started(connection, "INSERT INTO half_open VALUES (2)").await(PATIENCE.toSeconds());
            connection.commit();
            assertThat(port(connection)).isNotEqualTo(before);
            assertThat(number(other, "SELECT count(*) FROM half_open")).isEqualTo(2);
            assertThat(port(other)).as("its session is the old one").isEqualTo(otherPort);
        }
        assertThat(cluster.leader()).contains(primary);
    }

    @Test
    void statementThatIsSentWhereNothingArrivesIsUnknown() throws Exception {
        try (Connection connection = connect(SOON, Clusters.ON_ITS_OWN[0], Clusters.ON_ITS_OWN[1])) {
            cluster.forgetConnection(primary, port(connection));
            assertThat(started(connection, "INSERT INTO half_open VALUES (1)").sqlState(PATIENCE.toSeconds()))
                    .isEqualTo("40003");
            assertThat(number(connection, "SELECT count(*) FROM half_open"))
                    .as("the connection goes on, and what never arrived was not done")
                    .isZero();
        }
    }

    @Test
    void commitThatIsSentWhereNothingArrivesIsUnknown() throws Exception {
        try (Connection connection = connect(SOON, Clusters.ON_ITS_OWN[0], Clusters.ON_ITS_OWN[1])) {
            connection.setAutoCommit(false);
            run(connection, "INSERT INTO half_open VALUES (1)");
            cluster.forgetConnection(primary, port(connection));
            Calls.Call<Void> commit = Calls.start("half-open", () -> {
                connection.commit();
                return null;
            });
            assertThat(commit.sqlState(PATIENCE.toSeconds())).isEqualTo("08007");
            connection.rollback();
            assertThat(number(connection, "SELECT count(*) FROM half_open")).isZero();
        }
    }

    /** All that was sent has arrived: nothing but the kernel's keepalive probes can tell. */
    @Test
    void statementWhoseAnswerIsLostIsUnknown() throws Exception {
        try (Connection connection = connect(SOON, Clusters.ON_ITS_OWN[0], Clusters.ON_ITS_OWN[1]);
                Connection other = connect()) {
            int port = port(connection);
            Calls.Call<Void> asleep = started(connection, "SELECT pg_sleep(120)");
            await("the server sleeps")
                    .atMost(PATIENCE)
                    .until(() -> 1
                            == number(
                                    other,
                                    "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'SELECT pg_sleep%'"
                                            + " AND client_port = " + port));
            cluster.forgetConnection(primary, port);
            assertThat(asleep.sqlState(PATIENCE.toSeconds())).isEqualTo("40003");
            assertThat(port(connection)).isNotEqualTo(port);
            run(other, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE client_port = " + port);
        }
    }
}
