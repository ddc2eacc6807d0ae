package io.github.pgbaton.failover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.BatonDataSource;
import io.github.pgbaton.failover.Calls.Call;
import io.github.pgbaton.testkit.PatroniCluster;
import io.github.pgbaton.testkit.PatroniClusterExtension;
import java.net.InetSocketAddress;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Two real clusters in one JVM, each with a user that the other does not know: one fails over, the other never notices. */
@Tag("full")
@Timeout(300)
class TwoClustersIT {
    private static final Duration PATIENCE = Duration.ofSeconds(120);
    private static final String WHO = "SELECT current_user";
    private static final String WHERE = "SELECT pg_backend_pid() || ' ' || inet_server_addr()";

    @RegisterExtension
    static final PatroniClusterExtension FAILING = Clusters.quick();

    @RegisterExtension
    static final PatroniClusterExtension CALM = Clusters.calm();

    @Test
    void oneFailsOverWhileTheOtherGoesOn() throws Exception {
        PatroniCluster failing = FAILING.cluster();
        PatroniCluster calm = CALM.cluster();
        String primary = failing.awaitPrimary(PATIENCE);
        createGuest(calm);
        AtomicBoolean stop = new AtomicBoolean();
        AtomicInteger transactions = new AtomicInteger();
        try (BatonDataSource moving = Clusters.dataSource(failing);
                BatonDataSource staying = Clusters.dataSource(calm);
                AutoCloseable stopped = () -> stop.set(true)) {
            staying.setUser("guest");
            staying.setPassword("of the calm one");
            try (Connection moved = moving.getConnection();
                    Connection left = staying.getConnection();
                    Connection resting = staying.getConnection();
                    RecordedEvents told = new RecordedEvents(failing)) {
                String from = text(moved, WHERE);
                String kept = text(resting, WHERE);
                Call<String> working = Calls.start("working", () -> {
                    left.setAutoCommit(false);
                    String where = text(left, WHERE);
                    while (!stop.get()) {
                        assertThat(text(left, WHERE)).isEqualTo(where);
                        left.commit();
                        transactions.incrementAndGet();
                    }
                    return text(left, WHO);
                });
                await().atMost(PATIENCE).until(() -> transactions.get() > 0);

                failing.kill(primary);
                assertThat(text(moved, WHERE)).isNotEqualTo(from);
                assertThat(text(moved, WHO)).isEqualTo(failing.user());
                int before = transactions.get();
                await().atMost(PATIENCE).until(() -> transactions.get() > before);
                stop.set(true);

                assertThat(working.await(PATIENCE.toSeconds())).isEqualTo("guest");
                assertThat(text(resting, WHERE)).as("the session it had").isEqualTo(kept);
                assertThat(text(resting, WHO)).isEqualTo("guest");
                await().atMost(PATIENCE).until(() -> !told.all().isEmpty());
                // Both have the same namespace and scope, and so one name: it is by their members that they are told
                // apart.
                for (String member : calm.members()) {
                    String address = calm.postgres(member).getAddress().getHostAddress();
                    assertThat(told.all()).noneMatch(event -> event.toString().contains(address));
                }
            }
        }
    }

    private static void createGuest(PatroniCluster cluster) throws SQLException {
        InetSocketAddress address = cluster.postgres(cluster.awaitPrimary(PATIENCE));
        try (Connection superuser = DriverManager.getConnection(
                        "jdbc:postgresql://" + address.getHostString() + ":" + address.getPort() + "/"
                                + cluster.database(),
                        cluster.superuser(),
                        cluster.superuserPassword());
                Statement statement = superuser.createStatement()) {
            statement.execute("DROP ROLE IF EXISTS guest");
            statement.execute("CREATE ROLE guest LOGIN PASSWORD 'of the calm one'");
        }
    }

    private static String text(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return row.getString(1);
        }
    }
}
