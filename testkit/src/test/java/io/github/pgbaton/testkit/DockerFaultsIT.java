package io.github.pgbaton.testkit;

import static io.github.pgbaton.testkit.Clusters.SOON;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.net.InetSocketAddress;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** In containers a fault does what it does to local processes; the etcd module's tests have those that change the leader. */
@Timeout(300)
@Tag("docker")
class DockerFaultsIT {
    @RegisterExtension
    static final PatroniClusterExtension PATRONI = PatroniClusterExtension.docker(Generation.BOOKWORM, Clusters::fast);

    @Test
    void membersAnnounceAnotherAddressThanTheMapLeadsTo(PatroniCluster cluster) throws Exception {
        String primary = cluster.awaitPrimary(SOON);
        InetSocketAddress published = cluster.postgres(primary);
        assertThat(published.getAddress().isLoopbackAddress()).isTrue();
        assertThat(cluster.memberMap().orElseThrow())
                .contains(primary + "=127.0.0.1:" + published.getPort())
                .doesNotContain(text(Clusters.connect(cluster, primary), "SELECT host(inet_server_addr())"));
    }

    @Test
    void theProxyLeadsToThePrimary(PatroniCluster cluster) throws Exception {
        InetSocketAddress proxy = cluster.haproxy().orElseThrow();
        assertThat(text(
                        Clusters.connect(cluster, "127.0.0.1", proxy.getPort()),
                        "SELECT host(inet_server_addr()) || pg_is_in_recovery()"))
                .isEqualTo(text(
                        Clusters.connect(cluster, cluster.awaitPrimary(SOON)),
                        "SELECT host(inet_server_addr()) || false"));
    }

    @Test
    void aCutBetweenClientAndMemberStallsAnOpenConnectionAndNotTheTruth(PatroniCluster cluster) throws Exception {
        String primary = cluster.awaitPrimary(SOON);
        Truth truth = cluster.truth();
        try (Connection connection = Clusters.connect(cluster, primary)) {
            assertThat(one(connection)).isEqualTo(1);

            cluster.cut(Party.client(), Party.member(primary));

            CompletableFuture<Integer> answer = CompletableFuture.supplyAsync(() -> one(connection));
            assertThatThrownBy(() -> answer.get(2, TimeUnit.SECONDS)).isInstanceOf(TimeoutException.class);
            // The cluster does not feel it, and the truth is not the client.
            assertThat(truth.isWritable(primary)).isTrue();
            cluster.awaitHealthy(SOON);

            cluster.heal(Party.client(), Party.member(primary));

            assertThat(answer.get(SOON.toSeconds(), TimeUnit.SECONDS)).isEqualTo(1);
        }
    }

    @Test
    void aKilledMemberHasItsDataAndItsPortsAgain(PatroniCluster cluster) throws Exception {
        String primary = cluster.awaitPrimary(SOON);
        String replica = Clusters.replica(cluster, primary);
        InetSocketAddress before = cluster.postgres(replica);
        String identifier =
                text(Clusters.connect(cluster, replica), "SELECT system_identifier FROM pg_control_system()");

        cluster.kill(replica);
        assertThatThrownBy(() -> Clusters.connect(cluster, replica).close()).isInstanceOf(SQLException.class);
        cluster.start(replica);

        cluster.awaitHealthy(SOON);
        assertThat(cluster.postgres(replica)).isEqualTo(before);
        assertThat(text(Clusters.connect(cluster, replica), "SELECT system_identifier FROM pg_control_system()"))
                .isEqualTo(identifier);
    }

    @Test
    void aMemberOffTheNetworkComesBackAtTheSameAddresses(PatroniCluster cluster) throws Exception {
        String replica = Clusters.replica(cluster, cluster.awaitPrimary(SOON));
        String address = text(Clusters.connect(cluster, replica), "SELECT host(inet_server_addr())");

        cluster.disconnect(replica);
        assertThatThrownBy(() -> Clusters.connect(cluster, replica).close()).isInstanceOf(SQLException.class);
        cluster.reconnect(replica);

        cluster.awaitHealthy(SOON);
        assertThat(text(Clusters.connect(cluster, replica), "SELECT host(inet_server_addr())"))
                .isEqualTo(address);
    }

    @Test
    void aFrozenPatroniLeavesAZombie(PatroniCluster cluster) {
        String primary = cluster.awaitPrimary(SOON);
        Truth truth = cluster.truth();
        await().atMost(SOON).until(() -> truth.isWritable(primary));

        cluster.freezePatroni(primary);

        await().atMost(SOON).until(() -> !cluster.leader().equals(java.util.Optional.of(primary)));
        assertThat(truth.isWritable(primary)).isTrue();
        cluster.resumePatroni(primary);
        await().atMost(SOON)
                .until(() ->
                        cluster.members().stream().filter(truth::isWritable).count() == 1);
    }

    @Test
    void restartedAndKilledPostgresRunsAnew(PatroniCluster cluster) throws Exception {
        String replica = Clusters.replica(cluster, cluster.awaitPrimary(SOON));
        String first = started(cluster, replica);

        cluster.restartPostgres(replica);

        String second = started(cluster, replica);
        assertThat(second).isNotEqualTo(first);
        cluster.killPostgres(replica);
        await().atMost(SOON)
                .ignoreExceptions()
                .until(() -> !started(cluster, replica).equals(second));
    }

    @Test
    void etcdSurvivesOneAndNotTwo(PatroniCluster cluster) {
        cluster.stopEtcd(0);
        await().atMost(SOON).until(() -> cluster.leader().isPresent());
        cluster.freezeEtcd(1);
        await().atMost(SOON).until(() -> cluster.leader().isEmpty());
        cluster.resumeEtcd(1);
        await().atMost(SOON).until(() -> cluster.leader().isPresent());
        cluster.startEtcd(0);
        cluster.compactEtcd();
        cluster.stopAllEtcd();
        assertThat(cluster.leader()).isEmpty();
        cluster.startAllEtcd();
        cluster.awaitPrimary(SOON);
    }

    @Test
    void aPauseIsNoticedByAll(PatroniCluster cluster) {
        cluster.pause();
        assertThatThrownBy(() -> cluster.awaitHealthy(Duration.ZERO)).hasMessageContaining("paused");
        cluster.unpause();
        cluster.awaitHealthy(SOON);
    }

    private static String started(PatroniCluster cluster, String member) throws SQLException {
        return text(Clusters.connect(cluster, member), "SELECT pg_postmaster_start_time()");
    }

    private static int one(Connection connection) {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT 1")) {
            row.next();
            return row.getInt(1);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Closes the connection. */
    private static String text(Connection connection, String sql) throws SQLException {
        try (connection;
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return row.getString(1);
        }
    }
}
