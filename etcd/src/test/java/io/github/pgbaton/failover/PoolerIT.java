package io.github.pgbaton.failover;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.pgbaton.BatonDataSource;
import io.github.pgbaton.testkit.PatroniCluster;
import io.github.pgbaton.testkit.PatroniClusterExtension;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A PgBouncer in front of each member: it is dialled in the member's place, and only PostgreSQL behind it says what it is. */
@Timeout(240)
class PoolerIT {
    private static final int PORT = 6432;
    private static final Duration PATIENCE = Duration.ofSeconds(90);

    @RegisterExtension
    static final PatroniClusterExtension CLUSTER =
            PatroniClusterExtension.local(builder -> builder.ttl(Duration.ofSeconds(10))
                    .loopWait(Duration.ofSeconds(1))
                    .retryTimeout(Duration.ofSeconds(3))
                    .poolers(true));

    private PatroniCluster cluster;

    @BeforeEach
    void cluster() {
        cluster = CLUSTER.cluster();
    }

    @Test
    void announcedPoolerOfThePrimaryIsDialledAndFollowedThroughASwitchover() throws Exception {
        String primary = cluster.awaitPrimary(PATIENCE);
        try (BatonDataSource source = pooled("*={proxy}");
                Connection connection = source.getConnection()) {
            assertThat(connection.getMetaData().getURL()).contains(":" + PORT + "/");
            assertThat(server(connection)).isEqualTo(address(primary));

            String next = cluster.syncStandby().orElseThrow();
            cluster.switchover(next);

            connection.setAutoCommit(false);
            assertThat(server(connection)).isEqualTo(address(next));
            assertThat(one(connection, "SELECT pg_is_in_recovery()")).isEqualTo("f");
            connection.commit();
            try (Connection fresh = source.getConnection()) {
                assertThat(server(fresh)).isEqualTo(address(next));
            }
        }
    }

    @Test
    void connectionLeavesThePoolerOfAKilledMember() throws Exception {
        String primary = cluster.awaitPrimary(PATIENCE);
        try (BatonDataSource source = pooled("*={host}:" + PORT);
                Connection connection = source.getConnection()) {
            assertThat(server(connection)).isEqualTo(address(primary));

            cluster.kill(primary);

            connection.setAutoCommit(false);
            assertThat(server(connection)).isNotEqualTo(address(primary));
            assertThat(one(connection, "SELECT pg_is_in_recovery()")).isEqualTo("f");
            connection.commit();
        }
    }

    /** Without members in the URL: nothing but the poolers can be dialled. */
    private BatonDataSource pooled(String map) {
        String url = Clusters.url(cluster, "memberMap=" + map);
        BatonDataSource source = new BatonDataSource(url.replace("//" + cluster.seeds() + "/", "///"));
        source.setUser(cluster.user());
        source.setPassword(cluster.password());
        return source;
    }

    private String address(String member) {
        return cluster.postgres(member).getAddress().getHostAddress();
    }

    private static String server(Connection connection) throws SQLException {
        return one(connection, "SELECT host(inet_server_addr())");
    }

    private static String one(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return row.getString(1);
        }
    }
}
