package io.github.pgbaton.driver;

import static org.awaitility.Awaitility.await;

import io.github.pgbaton.BatonDataSource;
import io.github.pgbaton.scripted.ScriptedLeaderSource;
import io.github.pgbaton.scripted.ScriptedPostgres;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** Servers, a leader source and data sources of one test, under a scope that no other test has; closes them all. */
final class Scripts implements AutoCloseable {
    private static final AtomicInteger SCOPES = new AtomicInteger();

    private final List<AutoCloseable> open = new ArrayList<>();
    final String scope;

    Scripts(String name) {
        this.scope = name + "-" + SCOPES.incrementAndGet();
    }

    ScriptedPostgres server() throws IOException {
        ScriptedPostgres server = new ScriptedPostgres();
        open.add(server);
        return server;
    }

    ScriptedLeaderSource source(ScriptedPostgres... members) {
        ScriptedLeaderSource source = ScriptedLeaderSource.register(scope);
        for (int i = 0; i < members.length; i++) {
            source.member("node" + (i + 1), members[i].address());
        }
        return source;
    }

    /** Follows {@link #source}. */
    BatonDataSource following(String... more) {
        return dataSource("///db?etcd=http://127.0.0.1:1&scope=" + scope + "&" + String.join("&", more));
    }

    BatonDataSource dataSource(String rest) {
        BatonDataSource source = new BatonDataSource("jdbc:pgbaton:postgresql:" + rest + "&sslmode=disable");
        source.setUser("app");
        source.setPassword("s3cret");
        open.add(source);
        return source;
    }

    /**
     * The only place of {@code connectLimit=1}, taken by a session that a mute leader keeps from being opened.
     *
     * @param before how many sessions the leader had accepted
     */
    record Occupied(
            BatonDataSource source, ScriptedPostgres leader, int before, CompletableFuture<Connection> opening) {
        void free() throws Exception {
            leader.mute(false);
            leader.dropSessions();
            opening.get(20, TimeUnit.SECONDS).close();
        }
    }

    Occupied occupied() throws Exception {
        ScriptedPostgres leader = server();
        source(leader).elect("node1");
        BatonDataSource one = following("connectLimit=1");
        one.getConnection().close();
        leader.mute(true);
        int before = leader.accepted();
        CompletableFuture<Connection> opening = connecting(one);
        await().atMost(Duration.ofSeconds(20)).until(() -> leader.accepted() > before);
        return new Occupied(one, leader, before, opening);
    }

    static void run(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    static CompletableFuture<Connection> connecting(BatonDataSource source) {
        return CompletableFuture.supplyAsync(
                () -> {
                    try {
                        return source.getConnection();
                    } catch (SQLException e) {
                        throw new IllegalStateException(e);
                    }
                },
                task -> {
                    Thread thread = new Thread(task, "connecting");
                    thread.setDaemon(true);
                    thread.start();
                });
    }

    @Override
    public void close() throws Exception {
        for (int i = open.size() - 1; i >= 0; i--) {
            open.get(i).close();
        }
    }
}
