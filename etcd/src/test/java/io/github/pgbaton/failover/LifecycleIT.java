package io.github.pgbaton.failover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.BatonDataSource;
import io.github.pgbaton.testkit.PatroniCluster;
import io.github.pgbaton.testkit.PatroniClusterExtension;
import java.net.InetSocketAddress;
import java.net.URI;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.postgresql.PGConnection;

/** What pgbaton takes from the JVM and gives back, and what a caller sees before anything is wrong. */
@Timeout(180)
class LifecycleIT {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @RegisterExtension
    static final PatroniClusterExtension CLUSTER = Clusters.quick();

    private PatroniCluster cluster;

    @BeforeEach
    void cluster() {
        cluster = CLUSTER.cluster();
    }

    @Test
    void closingTheLastSourceLeavesNoThreadAndNoSocket() throws Exception {
        try (BatonDataSource first = Clusters.dataSource(cluster);
                BatonDataSource second = Clusters.dataSource(cluster);
                Connection one = first.getConnection();
                Connection two = second.getConnection()) {
            run(one, "SELECT 1");
            run(two, "SELECT 1");
            assertThat(ours()).isNotEmpty();
            assertThat(socketsToTheCluster()).isPositive();
        }
        await().atMost(PATIENCE).untilAsserted(() -> {
            assertThat(ours()).isEmpty();
            assertThat(socketsToTheCluster()).isZero();
        });
    }

    @Test
    void connectionsOfTheDriverManagerEndTheWatchWithTheLastOfThem() throws Exception {
        String url = Clusters.url(cluster);
        try (Connection connection = DriverManager.getConnection(url, cluster.user(), cluster.password())) {
            run(connection, "SELECT 1");
        }
        await().atMost(PATIENCE).untilAsserted(() -> {
            assertThat(ours()).isEmpty();
            assertThat(socketsToTheCluster()).isZero();
        });
    }

    @Test
    void manySourcesOfOneClusterShareOneWatch() throws Exception {
        try (BatonDataSource first = Clusters.dataSource(cluster);
                BatonDataSource second = Clusters.dataSource(cluster);
                Connection one = first.getConnection()) {
            run(one, "SELECT 1");
            Set<String> before = ours();
            try (Connection two = second.getConnection()) {
                run(two, "SELECT 1");
                assertThat(ours()).isSubsetOf(before);
            }
        }
    }

    @Test
    void etcdUnreachableFallsBackToTheMembersOfTheUrl() throws Exception {
        BatonDataSource source = new BatonDataSource("jdbc:pgbaton:postgresql://" + cluster.seeds() + "/"
                + cluster.database() + "?etcd=http://127.0.0.1:1&scope=pgcluster");
        source.setUser(cluster.user());
        source.setPassword(cluster.password());
        try (source;
                Connection connection = source.getConnection()) {
            run(connection, "CREATE TABLE IF NOT EXISTS written (a int)");
        }
    }

    @Test
    void wrongPasswordFailsAtOnceAndIsNotRepeated() {
        try (BatonDataSource source = Clusters.dataSource(cluster)) {
            source.setPassword("not the one");
            assertThatThrownBy(source::getConnection)
                    .isInstanceOfSatisfying(
                            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("28P01"))
                    .hasMessageNotContaining("not the one");
        }
    }

    @Test
    void missingPasswordFailsAtOnce() {
        try (BatonDataSource source = new BatonDataSource(Clusters.url(cluster))) {
            source.setUser(cluster.user());
            assertThatThrownBy(source::getConnection)
                    .isInstanceOfSatisfying(
                            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("08004"));
        }
    }

    @Test
    void metadataIsThatOfThePrimaryWithoutCredentials() throws Exception {
        String primary = cluster.awaitPrimary(PATIENCE);
        InetSocketAddress address = cluster.postgres(primary);
        Properties info = new Properties();
        info.setProperty("user", cluster.user());
        info.setProperty("password", cluster.password());
        try (Connection connection = DriverManager.getConnection(Clusters.url(cluster), info)) {
            assertThat(connection.getMetaData().getURL())
                    .isEqualTo("jdbc:postgresql://" + address.getAddress().getHostAddress() + ":" + address.getPort()
                            + "/" + cluster.database());
            assertThat(connection.getMetaData().getDriverName()).isEqualTo("PostgreSQL JDBC Driver");
            assertThat(connection.getMetaData().getDatabaseProductName()).isEqualTo("PostgreSQL");
            assertThat(connection.unwrap(PGConnection.class).getBackendPID()).isPositive();
        }
    }

    private static Set<String> ours() {
        return Thread.getAllStackTraces().keySet().stream()
                .map(Thread::getName)
                .filter(name -> name.startsWith("pgbaton")
                        || name.contains("grpc")
                        || name.contains("netty")
                        || name.contains("nio")
                        || name.contains("Epoll"))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private long socketsToTheCluster() {
        List<InetSocketAddress> addresses = new java.util.ArrayList<>();
        for (URI etcd : cluster.etcd()) {
            addresses.add(new InetSocketAddress(etcd.getHost(), etcd.getPort()));
        }
        cluster.members().forEach(member -> addresses.add(cluster.postgres(member)));
        return addresses.stream().mapToLong(OpenSockets::to).sum();
    }

    private static void run(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
