package io.github.pgbaton.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
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
    private static final Duration PATIENCE = Duration.ofSeconds(20);
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
        return ScriptedLeaderSource.register(scope, members);
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

    /** Patiently, by one that is not: the first connection of a process takes as long as the machine wants. */
    static Connection opened(BatonDataSource impatient) {
        return await().atMost(PATIENCE).ignoreExceptions().until(impatient::getConnection, c -> true);
    }

    /** Again while an impatient connection finds no primary in time, which sends nothing. */
    static void runAtLast(Connection connection, String sql) {
        await().atMost(PATIENCE).until(() -> {
            try {
                run(connection, sql);
                return true;
            } catch (SQLException e) {
                if ("08001".equals(e.getSQLState())) {
                    return false;
                }
                throw e;
            }
        });
    }

    /**
     * Until an attempt is refused with these words: one that is short of time ends before it has heard from the member. It
     * ends at once where a connection is given.
     */
    static void awaitRefusal(BatonDataSource impatient, String... words) {
        await().atMost(PATIENCE).untilAsserted(() -> {
            SQLException refusal = catchThrowableOfType(
                    SQLException.class, () -> impatient.getConnection().close());
            if (refusal == null) {
                throw new IllegalStateException("a connection was given");
            }
            assertThat(refusal.getSQLState()).isEqualTo("08001");
            assertThat(refusal.getMessage()).contains(words).doesNotContain("s3cret");
        });
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
