package io.github.pgbaton.driver;

import static io.github.pgbaton.driver.Scripts.run;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.BatonDataSource;
import io.github.pgbaton.scripted.ScriptedPostgres;
import io.github.pgbaton.scripted.ScriptedPostgres.Reaction;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What goes on for longer than {@code failoverTimeout} is told then, and not waited for any longer. */
@Timeout(60)
class LongOutageTest {
    private final Scripts scripts = new Scripts("long");

    @AfterEach
    void close() throws Exception {
        scripts.close();
    }

    private static void fails(String state, String words, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo(state))
                .hasMessageContaining(words);
    }

    /** As where the network between the application and the primary is cut. */
    @Test
    void whoNeedsASessionToALeaderThatStaysSilentIsToldAtFailoverTimeout() throws Exception {
        ScriptedPostgres member = scripts.server();
        scripts.source(member).elect("node1");
        member.script(sql -> sql.startsWith("UPDATE") ? Reaction.HANG : Reaction.SUCCEED);
        BatonDataSource following = scripts.following("failoverTimeout=2s", "hangThreshold=100ms", "replay=off");
        try (Connection working = following.getConnection();
                Connection idle = following.getConnection()) {
            member.mute(true);
            fails("40003", "", () -> run(working, "UPDATE t SET a = 1"));
            // The member was found to be silent by that call, and every session to it is gone.
            fails("08001", "2000 ms", () -> run(idle, "INSERT INTO t VALUES (1)"));
            fails("08001", "2000 ms", following::getConnection);
            assertThat(member.statements()).doesNotContain("INSERT INTO t VALUES (1)");

            member.mute(false);
            await("the leader is there again, and was all the time")
                    .atMost(Duration.ofSeconds(20))
                    .untilAsserted(() -> run(idle, "SELECT 1"));
        }
    }

    @Test
    void firstStatementThatEndsItsSessionsForTooLongIsNotMadeAgain() throws Exception {
        ScriptedPostgres member = scripts.server();
        scripts.source(member).elect("node1");
        member.script(sql -> {
            if (!sql.startsWith("SELECT kill")) {
                // A role that may not end the backend that is left behind.
                return sql.contains("pg_terminate_backend") ? Reaction.FAIL : Reaction.SUCCEED;
            }
            // Slow enough not to do so eleven times within the time-out.
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(400));
            return Reaction.HANG_UP;
        });
        try (Connection connection = scripts.following("failoverTimeout=1s").getConnection()) {
            connection.setAutoCommit(false);
            fails("08006", "times in a row", () -> run(connection, "SELECT kill_me()"));
            assertThat(member.statements().stream().filter("SELECT kill_me()"::equals))
                    .hasSizeBetween(2, 5);
            fails("40001", "nothing was committed", () -> run(connection, "SELECT 1"));
            connection.rollback();
            run(connection, "SELECT 2");
            connection.rollback();
        }
    }
}
