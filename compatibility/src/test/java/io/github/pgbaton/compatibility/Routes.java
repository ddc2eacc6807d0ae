package io.github.pgbaton.compatibility;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.github.pgbaton.hikari.BatonHikari;
import io.github.pgbaton.testkit.PatroniCluster;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** How the frameworks get to the cluster, and what is to be closed at the end. */
final class Routes implements AutoCloseable {
    final String url;
    /** For {@code PostgresUrlDriver}. */
    final String plainUrl;

    final String user;
    final String password;
    private final List<AutoCloseable> open = new ArrayList<>();
    private final HikariDataSource pool;

    Routes(PatroniCluster cluster) {
        String etcd = cluster.etcd().stream().map(URI::toString).collect(Collectors.joining(","));
        String rest = "postgresql://" + cluster.seeds() + "/" + cluster.database() + "?etcd=" + etcd + "&scope="
                + cluster.scope() + "&namespace=" + cluster.namespace();
        url = "jdbc:pgbaton:" + rest;
        plainUrl = "jdbc:" + rest;
        user = cluster.user();
        password = cluster.password();
        pool = hikari("", 30);
    }

    /** The pool of the frameworks that are no pool themselves. */
    HikariDataSource pool() {
        return pool;
    }

    /** @param more of the URL's parameters, each with its ampersand */
    HikariDataSource hikari(String more, int size) {
        return closing(BatonHikari.create(config(more, size)));
    }

    /** As {@link #hikari}, for whoever makes pools of it himself. */
    HikariConfig config(String more, int size) {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(url + more);
        config.setUsername(user);
        config.setPassword(password);
        config.setMaximumPoolSize(size);
        config.setMinimumIdle(1);
        return config;
    }

    <T extends AutoCloseable> T closing(T resource) {
        open.add(resource);
        return resource;
    }

    @Override
    public void close() throws Exception {
        for (int i = open.size() - 1; i >= 0; i--) {
            open.get(i).close();
        }
    }
}
