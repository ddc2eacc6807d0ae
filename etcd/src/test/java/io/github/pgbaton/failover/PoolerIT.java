package io.github.pgbaton.failover;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.pgbaton.BatonDataSource;
import io.github.pgbaton.testkit.PatroniCluster;
import io.github.pgbaton.testkit.PatroniClusterExtension;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** A PgBouncer in front of each member: it is dialled in the member's place, and only PostgreSQL behind it says what it is. */
@Timeout(240)
class PoolerIT {
    private static final Duration PATIENCE = Duration.ofSeconds(90);

    @RegisterExtension
    static final PatroniClusterExtension CLUSTER = Clusters.quick();

    @TempDir
    Path directory;

    private final List<Pooler> poolers = new ArrayList<>();
    private PatroniCluster cluster;

    @BeforeEach
    void start() throws Exception {
        cluster = CLUSTER.cluster();
        for (String member : cluster.members()) {
            poolers.add(Pooler.beside(cluster, member, directory));
        }
    }

    @AfterEach
    void stop() throws Exception {
        for (Pooler pooler : poolers) {
            pooler.close();
        }
    }

    @Test
    void connectionsGoThroughThePoolerOfThePrimaryAndFollowASwitchover() throws Exception {
        String primary = cluster.awaitPrimary(PATIENCE);
        try (BatonDataSource source = pooled();
                Connection connection = source.getConnection()) {
            assertThat(connection.getMetaData().getURL()).contains(":" + Pooler.PORT + "/");
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
        try (BatonDataSource source = pooled();
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
    private BatonDataSource pooled() {
        String url = Clusters.url(cluster, "memberMap=*={host}:" + Pooler.PORT);
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
