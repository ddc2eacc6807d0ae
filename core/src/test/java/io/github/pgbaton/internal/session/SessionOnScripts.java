package io.github.pgbaton.internal.session;

import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.internal.probe.Deadline;
import io.github.pgbaton.internal.routing.ClusterRef;
import io.github.pgbaton.internal.session.LogicalSession.CallKind;
import io.github.pgbaton.scripted.ScriptedPair;
import io.github.pgbaton.scripted.ScriptedPostgres;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** One session of a scripted pair. */
abstract class SessionOnScripts extends ScriptedPair {
    FollowingSession session;

    @BeforeEach
    void open() throws Exception {
        lead(new ScriptedPostgres(), new ScriptedPostgres().timeline(2));
        session = FollowingSession.open(
                ClusterRef.acquire(spec("failoverTimeout=20s", "hangThreshold=500ms", "replay=off")),
                Deadline.in(PATIENCE));
    }

    @AfterEach
    void close() throws Exception {
        session.close();
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
