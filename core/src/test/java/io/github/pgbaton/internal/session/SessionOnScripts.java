package io.github.pgbaton.internal.session;

import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.config.ConnectionSpec;
import io.github.pgbaton.internal.probe.Deadline;
import io.github.pgbaton.internal.routing.ClusterRef;
import io.github.pgbaton.internal.session.LogicalSession.CallKind;
import io.github.pgbaton.scripted.ScriptedLeaderSource;
import io.github.pgbaton.scripted.ScriptedPostgres;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** One session of a cluster of two scripted servers, node1 the leader at first; each test has servers and a scope of its own. */
abstract class SessionOnScripts {
    private static final AtomicInteger SCOPES = new AtomicInteger();
    static final Duration PATIENCE = Duration.ofSeconds(20);

    ScriptedPostgres first;
    ScriptedPostgres second;
    ScriptedLeaderSource source;
    FollowingSession session;

    @BeforeEach
    void open() throws Exception {
        first = new ScriptedPostgres();
        second = new ScriptedPostgres().timeline(2);
        String scope = "session-" + SCOPES.incrementAndGet();
        source = ScriptedLeaderSource.register(scope)
                .member("node1", first.address())
                .member("node2", second.address());
        source.elect("node1");
        Properties properties = new Properties();
        properties.setProperty("user", "app");
        ConnectionSpec spec = ConnectionSpec.parse(
                "jdbc:pgbaton:postgresql:///db?etcd=http://127.0.0.1:1&failoverTimeout=20s&hangThreshold=500ms&replay=off&sslmode=disable&scope="
                        + scope,
                properties);
        session = FollowingSession.open(ClusterRef.acquire(spec), Deadline.in(PATIENCE));
    }

    @AfterEach
    void close() throws Exception {
        session.close();
        first.close();
        second.close();
    }

    /** As a wrapper does it: attach, call, and ask what to do about a failure. */
    void execute(String sql) throws SQLException {
        while (true) {
            try (Statement statement = session.attach().createStatement()) {
                statement.execute(sql);
                return;
            } catch (SQLException e) {
                session.recover(e, CallKind.EXECUTE, sql);
            }
        }
    }

    String stateOf(SqlCall call) {
        return catchThrowableOfType(SQLException.class, call::run).getSQLState();
    }

    interface SqlCall {
        void run() throws SQLException;
    }

    void failOver() {
        source.elect("node2");
    }

    /** Long enough for the next call to look first whether the server is still there. */
    static void rest() {
        long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(400);
        await().pollInterval(Duration.ofMillis(20)).atMost(PATIENCE).until(() -> System.nanoTime() > until);
    }

    static CompletableFuture<Void> runAsync(SqlCall call) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        Thread thread = new Thread(() -> {
            try {
                call.run();
                done.complete(null);
            } catch (Throwable e) {
                done.completeExceptionally(e);
            }
        });
        thread.setDaemon(true);
        thread.start();
        return done;
    }
}
