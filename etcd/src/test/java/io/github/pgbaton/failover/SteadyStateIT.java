package io.github.pgbaton.failover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.BatonDataSource;
import io.github.pgbaton.internal.outcome.LedgerSql;
import io.github.pgbaton.testkit.PatroniCluster;
import io.github.pgbaton.testkit.PatroniClusterExtension;
import java.net.InetSocketAddress;
import java.net.URI;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What pgbaton sends while all is well and nobody uses a connection, whatever was done on it: nothing but gRPC's keepalive. */
@Timeout(180)
class SteadyStateIT {
    private static final Duration PATIENCE = Duration.ofSeconds(90);
    private static final int CONNECTIONS = 10;
    /** Those that have committed through the ledger, and rest as in a pool. */
    private static final int COMMITTING = 5;

    /** Of its own: in one that other tests have broken, Patroni goes on writing keys for a while, and etcd tells of them. */
    @RegisterExtension
    static final PatroniClusterExtension CLUSTER = Clusters.calm();

    @Test
    void nothingIsAskedOfPostgresPatroniOrEtcdWhileNothingHappens() throws Exception {
        PatroniCluster cluster = CLUSTER.cluster();
        cluster.awaitHealthy(PATIENCE);
        Map<Integer, AtomicInteger> frames = Http2Frames.counts();
        List<Connection> connections = new ArrayList<>();
        try (Forwarder etcd = Forwarder.tapped(address(cluster.etcd().get(0)), () -> new Http2Frames(frames));
                Forwarder patroni =
                        Forwarder.to(address(cluster.rest(cluster.members().get(0))), "127.0.0.1");
                BatonDataSource source = new BatonDataSource("jdbc:pgbaton:postgresql://" + cluster.seeds() + "/"
                        + cluster.database() + "?etcd=http://127.0.0.1:" + etcd.port() + "&patroni=http://127.0.0.1:"
                        + patroni.port() + "&scope=" + cluster.scope() + "&namespace=" + cluster.namespace()
                        + "&ApplicationName=steady");
                // Before the ways to the servers, whatever happens: the watch would tell of their end.
                AutoCloseable all = () -> closeAll(connections)) {
            source.setUser(cluster.user());
            source.setPassword(cluster.password());
            createLedger(cluster);
            for (int i = 0; i < CONNECTIONS; i++) {
                Connection connection = source.getConnection();
                connections.add(connection);
                try (Statement statement = connection.createStatement()) {
                    statement.execute("SELECT 1");
                }
                if (i < COMMITTING) {
                    commitAndRest(connection);
                }
            }
            assertThat(tokens(cluster)).as("commits with a token").isGreaterThanOrEqualTo(COMMITTING);
            // The first keepalive: all that was sent to connect and to watch has been sent.
            await().atMost(PATIENCE).until(() -> Http2Frames.pings(frames) >= 1);
            assertThat(Http2Frames.messages(frames)).as("reading and watching").isPositive();
            int messages = Http2Frames.messages(frames);
            int pings = Http2Frames.pings(frames);
            int watches = etcd.accepted();
            // On a busy machine etcd's first answer may come so late that Patroni is asked meanwhile.
            int asked = patroni.accepted();
            // Without that of the purge, which belongs to a commit.
            List<String> sessions =
                    await().atMost(PATIENCE).until(() -> sessions(cluster), found -> found.size() == CONNECTIONS);

            await().atMost(PATIENCE).until(() -> Http2Frames.pings(frames) >= pings + 2);

            assertThat(Http2Frames.messages(frames)).as("messages to etcd").isEqualTo(messages);
            assertThat(etcd.accepted()).as("connections to etcd").isEqualTo(watches);
            assertThat(patroni.accepted()).as("connections to Patroni").isEqualTo(asked);
            assertThat(sessions(cluster))
                    .as("sessions and their last statements")
                    .isEqualTo(sessions);
        }
    }

    private static void createLedger(PatroniCluster cluster) throws SQLException {
        try (BatonDataSource creator = Clusters.dataSource(cluster, Clusters.ON_ITS_OWN);
                Connection connection = creator.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(LedgerSql.create(LedgerSql.DEFAULT_RETENTION, List.of()));
            statement.execute("CREATE TABLE IF NOT EXISTS steady (a int)");
        }
    }

    private static void commitAndRest(Connection connection) throws SQLException {
        connection.beginRequest();
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
            statement.execute("INSERT INTO steady VALUES (1)");
        }
        connection.commit();
        connection.setAutoCommit(true);
        connection.endRequest();
    }

    private static int tokens(PatroniCluster cluster) throws SQLException {
        try (BatonDataSource reader = Clusters.dataSource(cluster, Clusters.ON_ITS_OWN);
                Connection connection = reader.getConnection();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT count(*) FROM pgbaton.tx")) {
            row.next();
            return row.getInt(1);
        }
    }

    private static void closeAll(List<Connection> connections) throws SQLException {
        for (Connection connection : connections) {
            connection.close();
        }
    }

    /** Process and time of the last statement of each session in the application's database, whoever opened it. */
    private static List<String> sessions(PatroniCluster cluster) throws SQLException {
        String primary = cluster.awaitPrimary(PATIENCE);
        InetSocketAddress address = cluster.postgres(primary);
        List<String> sessions = new ArrayList<>();
        try (Connection connection = DriverManager.getConnection(
                        "jdbc:postgresql://" + address.getHostString() + ":" + address.getPort() + "/postgres",
                        cluster.superuser(),
                        cluster.superuserPassword());
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(
                        "SELECT pid || ' ' || query_start || ' ' || state_change FROM pg_stat_activity WHERE datname = '"
                                + cluster.database() + "' AND backend_type = 'client backend' ORDER BY pid")) {
            while (rows.next()) {
                sessions.add(rows.getString(1));
            }
        }
        return sessions;
    }

    private static InetSocketAddress address(URI uri) {
        return new InetSocketAddress(uri.getHost(), uri.getPort());
    }
}
