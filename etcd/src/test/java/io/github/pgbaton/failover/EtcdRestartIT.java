package io.github.pgbaton.failover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.BatonDataSource;
import io.github.pgbaton.failover.Calls.Call;
import io.github.pgbaton.testkit.Party;
import io.github.pgbaton.testkit.PatroniCluster;
import io.github.pgbaton.testkit.PatroniClusterExtension;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The leader is still followed by push after etcd itself was away. */
@Timeout(300)
class EtcdRestartIT {
    private static final Duration PATIENCE = Duration.ofSeconds(120);

    @RegisterExtension
    static final PatroniClusterExtension CLUSTER = Clusters.quick();

    private PatroniCluster cluster;
    private BatonDataSource source;

    @BeforeEach
    void open() {
        cluster = CLUSTER.cluster();
        source = Clusters.pushOnly(cluster);
    }

    @AfterEach
    void close() {
        source.close();
    }

    @Test
    void secondFailoverIsFollowedAfterOneEtcdMemberWasRestarted() throws Exception {
        try (Connection connection = source.getConnection()) {
            failOverAndFollow(connection);
            for (int member = 0; member < cluster.etcd().size(); member++) {
                cluster.stopEtcd(member);
                run(connection, "SELECT 1");
                cluster.startEtcd(member);
                cluster.awaitHealthy(PATIENCE);
            }
            failOverAndFollow(connection);
        }
    }

    @Test
    void secondFailoverIsFollowedAfterAllOfEtcdWasRestarted() throws Exception {
        try (Connection connection = source.getConnection()) {
            failOverAndFollow(connection);
            cluster.stopAllEtcd();
            cluster.startAllEtcd();
            cluster.awaitHealthy(PATIENCE);
            run(connection, "SELECT 1");
            failOverAndFollow(connection);
        }
    }

    @Test
    void restTakesOverWhileEtcdIsCutOffAndGivesBack() throws Exception {
        try (BatonDataSource both = Clusters.pushOnly(cluster, "patroni=" + Clusters.rest(cluster));
                Connection connection = both.getConnection()) {
            run(connection, "SELECT 1");
            // While etcd speaks nobody asks Patroni; those of a test before end by themselves.
            await().atMost(PATIENCE).until(() -> restThreads() == 0);
            cluster.cut(Party.client(), Party.allEtcd());
            await().atMost(PATIENCE).until(() -> restThreads() > 0);
            failOverAndFollow(
                    connection,
                    () -> assertThat(restThreads())
                            .as("etcd was silent throughout")
                            .isPositive());
            cluster.healAll();
            await().atMost(PATIENCE).until(() -> restThreads() == 0);
            failOverAndFollow(connection);
        }
    }

    private static long restThreads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("pgbaton-rest"))
                .count();
    }

    private void failOverAndFollow(Connection connection) throws Exception {
        cluster.restore(PATIENCE);
        failOverAndFollow(connection, () -> {});
        cluster.restore(PATIENCE);
    }

    /**
     * A call that hangs on a frozen primary can be released by nothing but the news of the new leader: no error ends it,
     * and no socket breaks.
     */
    private void failOverAndFollow(Connection connection, Runnable followed) throws Exception {
        String primary = cluster.awaitPrimary(PATIENCE);
        run(connection, "SELECT 1");
        connection.setAutoCommit(false);
        run(connection, "SELECT 2");
        cluster.freeze(primary);
        Call<String> hanging = Calls.start("hanging", () -> {
            run(connection, "SELECT 3");
            return "";
        });
        String next = cluster.awaitPrimary(PATIENCE);
        assertThat(next).isNotEqualTo(primary);
        assertThat(hanging.sqlState(20)).isEqualTo("40001");
        connection.rollback();
        connection.setAutoCommit(true);
        run(connection, "SELECT 4");
        await().atMost(PATIENCE)
                .untilAsserted(() ->
                        assertThat(OpenSockets.to(cluster.postgres(primary))).isZero());
        followed.run();
    }

    private static void run(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
