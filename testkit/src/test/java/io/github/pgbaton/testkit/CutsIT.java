package io.github.pgbaton.testkit;

import static io.github.pgbaton.testkit.Clusters.SOON;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A cut loses packets in both directions, of open connections too, and only between its two parties. */
class CutsIT {
    @RegisterExtension
    static final PatroniClusterExtension PATRONI = Clusters.fast();

    @BeforeEach
    void onlyWhereItCanBeDone() throws Exception {
        assumeThat(Files.getAttribute(Path.of("/proc/self"), "unix:uid")).isEqualTo(0);
    }

    @Test
    void aCutBetweenClientAndMemberStallsAnOpenConnection(PatroniCluster cluster) throws Exception {
        String primary = cluster.awaitPrimary(SOON);
        Truth truth = cluster.truth();
        try (Connection connection = Clusters.connect(cluster, primary)) {
            assertThat(one(connection)).isEqualTo(1);

            cluster.cut(Party.client(), Party.member(primary));

            CompletableFuture<Integer> answer = CompletableFuture.supplyAsync(() -> one(connection));
            assertThatThrownBy(() -> answer.get(2, TimeUnit.SECONDS))
                    .isInstanceOf(java.util.concurrent.TimeoutException.class);
            assertThatThrownBy(() -> Clusters.connect(cluster, primary)).isInstanceOf(SQLException.class);
            // The cluster does not feel it, and the truth is not the client.
            assertThat(truth.isWritable(primary)).isTrue();
            cluster.awaitHealthy(SOON);

            cluster.heal(Party.member(primary), Party.client());

            assertThat(answer.get(SOON.toSeconds(), TimeUnit.SECONDS)).isEqualTo(1);
        }
    }

    @Test
    void aForgottenConnectionStallsAlone(PatroniCluster cluster) throws Exception {
        String primary = cluster.awaitPrimary(SOON);
        try (Connection forgotten = Clusters.connect(cluster, primary);
                Connection other = Clusters.connect(cluster, primary)) {
            cluster.forgetConnection(primary, port(forgotten));

            CompletableFuture<Integer> answer = CompletableFuture.supplyAsync(() -> one(forgotten));
            assertThatThrownBy(() -> answer.get(2, TimeUnit.SECONDS))
                    .isInstanceOf(java.util.concurrent.TimeoutException.class);
            assertThat(one(other)).isEqualTo(1);
            Clusters.connect(cluster, primary).close();

            cluster.healAll();

            assertThat(answer.get(15, TimeUnit.SECONDS)).isEqualTo(1);
        }
    }

    @Test
    void aPrimaryCutFromEtcdDemotes(PatroniCluster cluster) {
        Truth truth = cluster.truth();
        String old = cluster.awaitPrimary(SOON);

        cluster.cut(Party.member(old), Party.allEtcd());

        await().atMost(SOON).until(() -> !truth.isWritable(old));
        await().atMost(SOON).until(() -> truth.writable().isPresent());
        assertThat(truth.writable()).isNotEqualTo(java.util.Optional.of(old));
    }

    @Test
    void aCutBetweenMembersStallsReplication(PatroniCluster cluster) throws Exception {
        String primary = cluster.awaitPrimary(SOON);
        String sync = cluster.syncStandby().orElseThrow();
        try (Connection connection = Clusters.connect(cluster, primary);
                Statement statement = connection.createStatement();
                Connection standby = Clusters.connect(cluster, sync)) {
            statement.execute("SET synchronous_commit = local");
            statement.execute("CREATE TABLE IF NOT EXISTS stall (id int)");
            statement.execute("DELETE FROM stall");
            await().atMost(SOON).ignoreExceptions().until(() -> count(standby) == 0);

            cluster.cut(Party.member(primary), Party.member(sync));

            statement.execute("INSERT INTO stall VALUES (1)");
            await().during(Duration.ofSeconds(2)).atMost(SOON).until(() -> count(standby) == 0);

            cluster.heal(Party.member(primary), Party.member(sync));

            await().atMost(SOON).until(() -> count(standby) == 1);
            statement.execute("DROP TABLE stall");
        }
    }

    @Test
    void aPartyMustExist(PatroniCluster cluster) {
        assertThatThrownBy(() -> cluster.cut(Party.client(), Party.member("node9")))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> cluster.cut(Party.etcd(7), Party.client()))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> cluster.cut(Party.client(), Party.client()))
                .isInstanceOf(IllegalArgumentException.class);
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

    private static int port(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT inet_client_port()")) {
            row.next();
            return row.getInt(1);
        }
    }

    private static int count(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT count(*) FROM stall")) {
            row.next();
            return row.getInt(1);
        }
    }
}
