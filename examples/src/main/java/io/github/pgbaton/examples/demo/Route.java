package io.github.pgbaton.examples.demo;

import io.github.pgbaton.examples.ExampleWriter;
import io.github.pgbaton.testkit.PatroniCluster;
import java.net.InetSocketAddress;
import java.net.URI;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.stream.Collectors;

/** A way from the application to the primary; two routes differ in the URL and in nothing else. */
public record Route(String name, String url, String user, String password) implements ExampleWriter.Source {

    /** Through this driver, which reads the cluster's keys in etcd. */
    public static Route pgbaton(PatroniCluster cluster) {
        String etcd = cluster.etcd().stream().map(URI::toString).collect(Collectors.joining(","));
        return new Route(
                "pgbaton",
                "jdbc:pgbaton:postgresql://%s/%s?etcd=%s&scope=%s&namespace=%s%s"
                        .formatted(
                                cluster.seeds(),
                                cluster.database(),
                                etcd,
                                cluster.scope(),
                                cluster.namespace(),
                                cluster.memberMap()
                                        .map(map -> "&memberMap=" + map)
                                        .orElse("")),
                cluster.user(),
                cluster.password());
    }

    /** The same way with one more property, which its name tells. */
    public Route with(String property) {
        return new Route(name + ", " + property, url + "&" + property, user, password);
    }

    /** Through HAProxy, with PgJDBC alone. */
    public static Route haproxy(PatroniCluster cluster) {
        return plain("HAProxy", cluster.haproxy().orElseThrow(), cluster);
    }

    /** With PgJDBC alone, which tries the members in turn until it finds the primary. */
    public static Route multiHost(PatroniCluster cluster) {
        return new Route(
                "PgJDBC multi-host",
                "jdbc:postgresql://%s/%s?targetServerType=primary".formatted(cluster.seeds(), cluster.database()),
                cluster.user(),
                cluster.password());
    }

    /** Straight to one member, with PgJDBC alone. */
    public static Route direct(PatroniCluster cluster, String member) {
        return plain(member, cluster.postgres(member), cluster);
    }

    private static Route plain(String name, InetSocketAddress address, PatroniCluster cluster) {
        return new Route(
                name,
                "jdbc:postgresql://%s:%d/%s"
                        .formatted(address.getAddress().getHostAddress(), address.getPort(), cluster.database()),
                cluster.user(),
                cluster.password());
    }

    @Override
    public Connection open() throws SQLException {
        return DriverManager.getConnection(url, user, password);
    }
}
