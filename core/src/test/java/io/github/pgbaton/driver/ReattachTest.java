package io.github.pgbaton.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.BatonDriver;
import io.github.pgbaton.scripted.ScriptedLeaderSource;
import io.github.pgbaton.scripted.ScriptedPostgres;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Many connections that wait for the next primary: all go on, and not all at once. */
@Timeout(120)
class ReattachTest {
    private static final AtomicInteger SCOPES = new AtomicInteger();
    private static final int LIMIT = 8;
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final List<Connection> connections = new ArrayList<>();
    private final List<Thread> threads = new ArrayList<>();
    private ScriptedPostgres first;
    private ScriptedPostgres second;
    private ScriptedLeaderSource source;
    private String url;

    @BeforeEach
    void open() throws Exception {
        first = new ScriptedPostgres();
        second = new ScriptedPostgres().timeline(2);
        String scope = "reattach-" + SCOPES.incrementAndGet();
        source = ScriptedLeaderSource.register(scope, first, second);
        source.elect("node1");
        url = "jdbc:pgbaton:postgresql:///db?etcd=http://127.0.0.1:1&failoverTimeout=60s&sslmode=disable&connectLimit="
                + LIMIT + "&scope=" + scope;
    }

    @AfterEach
    void close() throws Exception {
        for (Connection connection : connections) {
            connection.close();
        }
        first.close();
        second.close();
    }

    @Test
    void fiveHundredWaitingConnectionsAllGoOnAndFewAreOpenedAtOnce() throws Exception {
        List<CompletableFuture<Void>> calls = waiting(500);
        second.handshake(Duration.ofMillis(5));
        source.elect("node2");

        for (CompletableFuture<Void> call : calls) {
            call.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        }
        assertThat(second.statements()).hasSize(1000).containsOnly("BEGIN", "SELECT 'waiting'");
        assertThat(second.accepted()).as("one session for each connection").isEqualTo(500);
        assertThat(second.mostStarting()).isBetween(2, LIMIT);
    }

    @Test
    void whoeverComesLaterDoesNotOvertakeThoseThatWait() throws Exception {
        List<CompletableFuture<Void>> calls = waiting(100);
        Semaphore open = new Semaphore(10);
        second.handshake(open::acquireUninterruptibly);
        source.elect("node2");
        await().atMost(PATIENCE).until(() -> second.users().size() == 10 + LIMIT);
        threads.clear();
        List<CompletableFuture<Void>> late = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            late.add(run("late", () -> {
                try (Connection connection = connect("late")) {
                    execute(connection, "late");
                }
            }));
        }
        awaitAllParked();
        open.release(1_000);
        for (CompletableFuture<Void> call : calls) {
            call.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        }
        for (CompletableFuture<Void> call : late) {
            call.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        }

        // Those that are opened at the same time may come in any order.
        assertThat(second.users().subList(0, 100 - LIMIT)).containsOnly("waiting");
        assertThat(second.users()).hasSize(120);
    }

    /** Connections whose calls wait for a primary, there being none. */
    private List<CompletableFuture<Void>> waiting(int count) throws Exception {
        for (int i = 0; i < count; i++) {
            connections.add(connect("waiting"));
        }
        source.loseLeader();
        first.close();
        List<CompletableFuture<Void>> calls = new ArrayList<>();
        for (Connection connection : connections) {
            calls.add(run("waiting", () -> {
                connection.setAutoCommit(false);
                execute(connection, "waiting");
            }));
        }
        awaitAllParked();
        return calls;
    }

    private void awaitAllParked() {
        await().atMost(PATIENCE)
                .until(() -> threads.stream().allMatch(thread -> thread.getState() == Thread.State.TIMED_WAITING));
    }

    private Connection connect(String user) throws SQLException {
        Properties properties = new Properties();
        properties.setProperty("user", user);
        Connection connection = new BatonDriver().connect(url, properties);
        assertThat(connection).isNotNull();
        return connection;
    }

    private void execute(Connection connection, String what) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("SELECT '" + what + "'");
        }
    }

    private interface SqlCall {
        void run() throws SQLException;
    }

    private CompletableFuture<Void> run(String name, SqlCall call) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        Thread thread = new Thread(
                () -> {
                    try {
                        call.run();
                        done.complete(null);
                    } catch (SQLException | RuntimeException e) {
                        done.completeExceptionally(e);
                    }
                },
                name);
        thread.setDaemon(true);
        threads.add(thread);
        thread.start();
        return done;
    }
}
