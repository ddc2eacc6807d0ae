package io.github.pgbaton.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.scripted.ScriptedLeaderSource;
import io.github.pgbaton.scripted.ScriptedPostgres;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Nobody waits for the leader of a standby cluster, whenever it is learnt that it is one. */
@Timeout(60)
class StandbyClusterTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final Scripts scripts = new Scripts("standby");

    @AfterEach
    void close() throws Exception {
        scripts.close();
    }

    @Test
    void newsThatItIsOneEndTheWaitForItsLeader() throws Exception {
        ScriptedPostgres leader = scripts.server().inRecovery(true);
        ScriptedLeaderSource source = scripts.source(leader);
        source.elect("node1");
        CompletableFuture<Connection> waiting = Scripts.connecting(scripts.following());
        await().atMost(PATIENCE).until(() -> leader.openSessions() > 0);
        source.standbyCluster().elect("node1");
        ExecutionException failed = catchThrowableOfType(
                ExecutionException.class, () -> waiting.get(PATIENCE.toSeconds(), TimeUnit.SECONDS));
        assertThat(failed.getCause().getCause())
                .isInstanceOfSatisfying(
                        SQLNonTransientConnectionException.class,
                        e -> assertThat(e.getSQLState()).isEqualTo("08001"))
                .hasMessageContaining("standby cluster");
    }

    @Test
    void whoeverConnectsToOneIsToldAtOnce() throws Exception {
        scripts.source(scripts.server().inRecovery(true)).standbyCluster().elect("node1");
        SQLException told = catchThrowableOfType(
                SQLException.class, () -> scripts.following().getConnection());
        assertThat(told.getSQLState()).isEqualTo("08001");
        assertThat(told.getMessage()).contains("standby cluster");
    }
}
