package io.github.pgbaton.internal.rest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.BatonDataSource;
import io.github.pgbaton.testkit.PatroniCluster;
import io.github.pgbaton.testkit.PatroniClusterExtension;
import java.net.URI;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Follows the primary of a real cluster that is known by nothing but its members' REST ports. */
@Timeout(300)
class RestSourceIT {
    private static final Duration PATIENCE = Duration.ofSeconds(120);

    @RegisterExtension
    static final PatroniClusterExtension CLUSTER = PatroniClusterExtension.local(builder ->
            builder.ttl(Duration.ofSeconds(10)).loopWait(Duration.ofSeconds(1)).retryTimeout(Duration.ofSeconds(3)));

    private PatroniCluster cluster;
    private BatonDataSource source;
    private String primary;

    @BeforeEach
    void open() {
        cluster = CLUSTER.cluster();
        primary = cluster.awaitPrimary(PATIENCE);
        source = dataSource();
    }

    @AfterEach
    void close() {
        source.close();
    }

    private BatonDataSource dataSource() {
        String rest = cluster.members().stream()
                .map(cluster::rest)
                .map(URI::toString)
                .map(uri -> uri.replaceAll("/$", ""))
                .collect(Collectors.joining(","));
        BatonDataSource made =
                new BatonDataSource("jdbc:pgbaton:postgresql:///" + cluster.database() + "?patroni=" + rest);
        made.setUser(cluster.user());
        made.setPassword(cluster.password());
        return made;
    }

    @Test
    void findsThePrimaryAndFollowsASwitchover() throws SQLException {
        try (Connection connection = source.getConnection()) {
            begin(connection);
            String next = cluster.syncStandby().orElseThrow();
            cluster.switchover(next);
            assertThat(memberOf(connection)).isEqualTo(next);
            try (Connection another = source.getConnection()) {
                assertThat(memberOf(another)).isEqualTo(next);
            }
        }
    }

    @Test
    void followsAFailover() throws SQLException {
        try (Connection connection = source.getConnection()) {
            begin(connection);
            await().atMost(PATIENCE).until(() -> cluster.truth().isWritable(primary));
            cluster.kill(primary);
            String next = memberOf(connection);
            assertThat(next).isNotEqualTo(primary);
            assertThat(cluster.leader()).contains(next);
        }
    }

    @Test
    void survivesTheLossOfTheDcs() throws SQLException {
        try (Connection connection = source.getConnection()) {
            begin(connection);
            cluster.stopAllEtcd();
            await().atMost(PATIENCE).until(() -> cluster.leader().isEmpty());
            cluster.startAllEtcd();
            cluster.awaitPrimary(PATIENCE);
            assertThat(memberOf(connection)).isEqualTo(cluster.awaitPrimary(PATIENCE));
        }
    }

    @Test
    void manySourcesOfOneClusterShareOnePoller() throws SQLException {
        try (BatonDataSource second = dataSource();
                Connection one = source.getConnection()) {
            assertThat(memberOf(one)).isEqualTo(primary);
            List<Thread> before = pollers();
            assertThat(before).isNotEmpty();
            try (Connection two = second.getConnection()) {
                assertThat(memberOf(two)).isEqualTo(primary);
                assertThat(pollers()).isEqualTo(before);
            }
        }
    }

    /** Those that ask, and not those of the requests under way. */
    private static List<Thread> pollers() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("pgbaton-rest")
                        && !thread.getName().contains("-call"))
                .toList();
    }

    @Test
    void closeLeavesNoThread() throws SQLException {
        try (Connection connection = source.getConnection()) {
            assertThat(memberOf(connection)).isEqualTo(primary);
        }
        assertThat(threads()).isPositive();
        source.close();
        await().atMost(PATIENCE).until(() -> threads() == 0);
    }

    /** A session between two transactions: its next statement is sent again wherever it breaks. */
    private void begin(Connection connection) throws SQLException {
        connection.setAutoCommit(false);
        assertThat(memberOf(connection)).isEqualTo(primary);
        connection.commit();
    }

    private static long threads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("pgbaton-rest"))
                .count();
    }

    private String memberOf(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT host(inet_server_addr()), pg_is_in_recovery()")) {
            row.next();
            String host = row.getString(1);
            assertThat(row.getBoolean(2)).isFalse();
            return cluster.members().stream()
                    .filter(member -> cluster.postgres(member)
                            .getAddress()
                            .getHostAddress()
                            .equals(host))
                    .findFirst()
                    .orElseThrow();
        }
    }
}
