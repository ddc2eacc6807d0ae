package io.github.pgbaton.failover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.BatonDataSource;
import io.github.pgbaton.failover.Calls.Call;
import io.github.pgbaton.testkit.Party;
import io.github.pgbaton.testkit.PatroniCluster;
import io.github.pgbaton.testkit.PatroniClusterExtension;
import java.net.InetSocketAddress;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A primary is lost whose address nobody here can dial: members of another network, reached at published ports through
 * {@code memberMap}. One class per generation; left out but for {@code ./run test --docker}.
 */
@Timeout(300)
@Tag("docker")
abstract class ContainerFailover {
    private static final long PATIENCE = 120;
    private static final Duration SOON = Duration.ofSeconds(PATIENCE);

    enum Fault {
        KILL {
            @Override
            void inject(PatroniCluster cluster, String primary) {
                cluster.kill(primary);
            }
        },
        FREEZE {
            @Override
            void inject(PatroniCluster cluster, String primary) {
                cluster.freeze(primary);
            }
        },
        /** Packets are lost: whoever is connected hears nothing any more. */
        PARTITION {
            @Override
            void inject(PatroniCluster cluster, String primary) {
                cluster.cut(Party.member(primary), Party.allEtcd());
                cluster.members().stream()
                        .filter(member -> !member.equals(primary))
                        .forEach(member -> cluster.cut(Party.member(primary), Party.member(member)));
                cluster.cut(Party.member(primary), Party.client());
            }
        },
        /** The container is taken off its network, and its published ports with it. */
        DISCONNECT {
            @Override
            void inject(PatroniCluster cluster, String primary) {
                cluster.disconnect(primary);
            }
        },
        SWITCHOVER {
            @Override
            void inject(PatroniCluster cluster, String primary) {
                cluster.switchover(cluster.syncStandby().orElseThrow());
            }
        };

        abstract void inject(PatroniCluster cluster, String primary);
    }

    private PatroniCluster cluster;
    private BatonDataSource source;
    private BatonDataSource withoutReplay;
    private String primary;

    abstract PatroniClusterExtension extension();

    @BeforeEach
    void open() throws SQLException {
        cluster = extension().cluster();
        source = Clusters.dataSource(cluster);
        withoutReplay = Clusters.dataSource(cluster, Clusters.ON_ITS_OWN);
        primary = cluster.awaitPrimary(SOON);
        await().atMost(SOON).until(() -> cluster.truth().isWritable(primary));
        try (Connection connection = source.getConnection();
                Statement statement = connection.createStatement()) {
            // A test that failed may have left a call on the server, and a lock on the table with it.
            statement.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    + " WHERE usename = current_user AND pid <> pg_backend_pid()");
            statement.execute("CREATE TABLE IF NOT EXISTS log (entry text)");
            statement.execute("TRUNCATE log");
        }
    }

    @AfterEach
    void close() {
        withoutReplay.close();
        source.close();
    }

    @ParameterizedTest
    @EnumSource(Fault.class)
    void connectionsGoOnAtTheNewPrimary(Fault fault) throws Exception {
        try (Connection idle = source.getConnection();
                Connection writing = source.getConnection();
                Connection reading = withoutReplay.getConnection()) {
            assertThat(serverOf(idle)).isEqualTo(serverOf(primary));
            insert(idle, "before");
            writing.setAutoCommit(false);
            insert(writing, "replayed");
            reading.setAutoCommit(false);
            insert(reading, "never committed");
            Call<Boolean> read =
                    Calls.start("reading", () -> reading.createStatement().execute("SELECT pg_sleep(600)"));
            awaitBackend("SELECT pg_sleep(600)");

            Call<Void> injected = Calls.start("fault", () -> {
                fault.inject(cluster, primary);
                return null;
            });
            await().atMost(SOON)
                    .until(() -> cluster.leader()
                            .filter(leader -> !leader.equals(primary))
                            .isPresent());
            Call<Connection> opening = Calls.start("opening", source::getConnection);

            try (Connection opened = opening.await(PATIENCE)) {
                injected.await(PATIENCE);
                assertThat(read.sqlState(PATIENCE))
                        .as("a read blocked inside a transaction that is not replayed")
                        .isEqualTo("40001");
                String now = cluster.awaitPrimary(SOON);
                assertThat(now).isNotEqualTo(primary);

                insert(idle, "after");
                insert(writing, "on the new primary");
                writing.commit();
                reading.rollback();
                insert(reading, "again");
                reading.commit();

                String there = serverOf(now);
                assertThat(serverOf(opened)).isEqualTo(there);
                assertThat(serverOf(idle)).isEqualTo(there);
                assertThat(serverOf(writing)).isEqualTo(there);
                assertThat(serverOf(reading)).isEqualTo(there);
                assertThat(entries(opened))
                        .containsExactlyInAnyOrder("before", "after", "replayed", "on the new primary", "again");
            }
        }
    }

    /** Waits until the server runs a statement, which a client cannot see from its own side. */
    private void awaitBackend(String sql) throws SQLException {
        try (Connection watcher = source.getConnection();
                PreparedStatement running = watcher.prepareStatement(
                        "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query = ?")) {
            running.setString(1, sql);
            await().atMost(SOON).until(() -> {
                try (ResultSet row = running.executeQuery()) {
                    return row.next() && row.getInt(1) > 0;
                }
            });
        }
    }

    private static void insert(Connection connection, String entry) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement("INSERT INTO log VALUES (?)")) {
            statement.setString(1, entry);
            statement.executeUpdate();
        }
    }

    private static List<String> entries(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("SELECT entry FROM log")) {
            List<String> entries = new ArrayList<>();
            while (rows.next()) {
                entries.add(rows.getString(1));
            }
            return entries;
        }
    }

    /** The address of this member inside its network, as it says itself to who comes without pgbaton. */
    private String serverOf(String member) throws SQLException {
        InetSocketAddress address = cluster.postgres(member);
        try (Connection connection = DriverManager.getConnection(
                "jdbc:postgresql://" + address.getAddress().getHostAddress() + ":" + address.getPort() + "/"
                        + cluster.database(),
                cluster.user(),
                cluster.password())) {
            return serverOf(connection);
        }
    }

    private static String serverOf(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT host(inet_server_addr())")) {
            row.next();
            return row.getString(1);
        }
    }
}
