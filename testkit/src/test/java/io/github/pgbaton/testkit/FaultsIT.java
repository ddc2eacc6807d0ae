package io.github.pgbaton.testkit;

import static io.github.pgbaton.testkit.Clusters.SOON;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Every fault of a member does what it says, and the next test finds a healthy cluster again. */
class FaultsIT {
    @RegisterExtension
    static final PatroniClusterExtension PATRONI = Clusters.fast();

    @Test
    void theOrdinaryRoleCreatesTablesThroughEveryRoute(PatroniCluster cluster) throws SQLException {
        String primary = cluster.awaitPrimary(SOON);
        try (Connection direct = Clusters.connect(cluster, primary);
                Statement statement = direct.createStatement()) {
            statement.execute("CREATE TABLE IF NOT EXISTS ordinary (id int)");
            statement.execute("DROP TABLE ordinary");
        }
        var proxy = cluster.haproxy().orElseThrow();
        try (Connection proxied = Clusters.connect(cluster, proxy.getHostString(), proxy.getPort());
                Statement statement = proxied.createStatement();
                ResultSet row = statement.executeQuery("SELECT host(inet_server_addr())")) {
            row.next();
            assertThat(row.getString(1)).isEqualTo(cluster.postgres(primary).getHostString());
        }
        assertThat(cluster.truth().writable()).contains(primary);
        assertThat(cluster.members()).hasSize(3);
        assertThat(cluster.seeds().split(",")).hasSize(3);
    }

    @Test
    void aKilledPrimaryIsSucceededAndRejoins(PatroniCluster cluster) {
        Truth truth = cluster.truth();
        String old = cluster.awaitPrimary(SOON);
        int outages = truth.outages().size();

        cluster.kill(old);

        String successor = awaitSuccessor(cluster, old);
        assertThat(truth.writable()).contains(successor);
        assertThat(truth.isWritable(old)).isFalse();
        Truth.Outage outage = truth.outages().get(outages);
        assertThat(outage.open()).isFalse();
        assertThat(outage.lastWritable()).isEqualTo(old);
        assertThat(outage.nextWritable()).contains(successor);
        assertThat(outage.length()).isBetween(Duration.ofSeconds(1), SOON);

        cluster.start(old);
        cluster.awaitHealthy(SOON);
    }

    @Test
    void aFrozenPrimaryIsSucceededWhileItsConnectionsStayOpen(PatroniCluster cluster) throws SQLException {
        String old = cluster.awaitPrimary(SOON);
        try (Connection connection = Clusters.connect(cluster, old)) {
            cluster.freeze(old);
            awaitSuccessor(cluster, old);
            assertThat(connection.isClosed()).isFalse();
            assertThat(cluster.truth().isWritable(old)).isFalse();
            connection.abort(Runnable::run);
        }
    }

    @Test
    void aFrozenReplicaGoesOnWhereItStood(PatroniCluster cluster) {
        String replica = Clusters.replica(cluster, cluster.awaitPrimary(SOON));
        cluster.freeze(replica);
        cluster.resume(replica);
        cluster.awaitHealthy(SOON);
    }

    @Test
    void killedPostgresComesBackInPlace(PatroniCluster cluster) {
        Truth truth = cluster.truth();
        String primary = cluster.awaitPrimary(SOON);
        int outages = truth.outages().size();

        cluster.killPostgres(primary);

        await().atMost(SOON).until(() -> truth.outages().size() > outages);
        await().atMost(SOON).until(() -> truth.writable().isPresent());
        assertThat(truth.writable()).contains(primary);
    }

    @Test
    void aPrimaryWithoutPatroniIsAZombie(PatroniCluster cluster) {
        Truth truth = cluster.truth();
        String zombie = cluster.awaitPrimary(SOON);

        cluster.freezePatroni(zombie);

        await().atMost(SOON)
                .until(() -> cluster.leader().filter(l -> !l.equals(zombie)).isPresent());
        String successor = cluster.leader().orElseThrow();
        await().atMost(SOON).until(() -> truth.isWritable(successor));
        assertThat(truth.isWritable(zombie)).isTrue();
    }

    @Test
    void aSwitchoverGoesWhereItIsSent(PatroniCluster cluster) {
        String to = cluster.syncStandby().orElseThrow();
        EtcdEvents events = cluster.events();
        int before = events.all().size();

        cluster.switchover(to);

        assertThat(cluster.awaitPrimary(SOON)).isEqualTo(to);
        await().atMost(SOON).until(() -> {
            List<EtcdEvents.Event> seen =
                    events.all().subList(before, events.all().size());
            return seen.stream()
                            .anyMatch(e -> e.kind() == EtcdEvents.Kind.DELETE
                                    && e.key().equals("leader"))
                    && seen.stream()
                            .anyMatch(e -> e.key().equals("leader") && e.value().equals(Optional.of(to)));
        });
    }

    @Test
    void aSwitchoverToTheLeaderIsRefusedInPatronisWords(PatroniCluster cluster) {
        String leader = cluster.awaitPrimary(SOON);
        assertThatThrownBy(() -> cluster.switchover(leader))
                .isInstanceOf(ClusterException.class)
                .hasMessageContaining("Patroni refused");
    }

    @Test
    void aManualFailoverGoesWhereItIsSent(PatroniCluster cluster) {
        String to = cluster.syncStandby().orElseThrow();
        cluster.failover(to);
        assertThat(cluster.awaitPrimary(SOON)).isEqualTo(to);
    }

    @Test
    void restartPostgresReturnsWhenItIsDone(PatroniCluster cluster) {
        Truth truth = cluster.truth();
        String primary = cluster.awaitPrimary(SOON);
        int intervals = truth.writableIntervals(primary).size();
        cluster.restartPostgres(primary);
        await().atMost(SOON).until(() -> truth.writableIntervals(primary).size() > intervals);
    }

    @Test
    void noFailoverWhilePaused(PatroniCluster cluster) {
        String primary = cluster.awaitPrimary(SOON);
        cluster.pause();
        assertThat(cluster.leader()).contains(primary);
        assertThatThrownBy(() -> cluster.awaitHealthy(Duration.ofMillis(1))).hasMessageContaining("paused");
        cluster.unpause();
        cluster.awaitHealthy(SOON);
    }

    private static String awaitSuccessor(PatroniCluster cluster, String old) {
        await().atMost(SOON)
                .until(() -> cluster.truth()
                        .writable()
                        .filter(member -> !member.equals(old))
                        .isPresent());
        return cluster.awaitPrimary(SOON);
    }
}
