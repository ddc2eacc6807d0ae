package io.github.pgbaton.testkit;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Properties;

/** What the integration tests share: one set of parameters, and so one cluster. */
final class Clusters {
    /** A deadline, not an expectation: a busy machine takes its time. */
    static final Duration SOON = Duration.ofSeconds(90);

    private Clusters() {}

    /** Fails over in seconds, and has everything that can be broken. */
    static PatroniClusterExtension fast() {
        return PatroniClusterExtension.local(Clusters::fast);
    }

    static PatroniCluster.Builder fast(PatroniCluster.Builder builder) {
        return builder.ttl(Duration.ofSeconds(7))
                .loopWait(Duration.ofSeconds(1))
                .retryTimeout(Duration.ofSeconds(3))
                .etcdMembers(3)
                .haproxy(true);
    }

    /** A plain connection of the ordinary role. */
    static Connection connect(PatroniCluster cluster, String member) throws SQLException {
        return connect(
                cluster,
                cluster.postgres(member).getHostString(),
                cluster.postgres(member).getPort());
    }

    static Connection connect(PatroniCluster cluster, String host, int port) throws SQLException {
        Properties properties = new Properties();
        properties.setProperty("user", cluster.user());
        properties.setProperty("password", cluster.password());
        properties.setProperty("connectTimeout", "3");
        properties.setProperty("socketTimeout", "20");
        return DriverManager.getConnection(
                "jdbc:postgresql://" + host + ":" + port + "/" + cluster.database(), properties);
    }

    /** A member that is not the primary. */
    static String replica(PatroniCluster cluster, String primary) {
        return cluster.members().stream()
                .filter(m -> !m.equals(primary))
                .findFirst()
                .orElseThrow();
    }
}
