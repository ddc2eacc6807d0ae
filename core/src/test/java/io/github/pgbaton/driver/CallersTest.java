package io.github.pgbaton.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.BatonDataSource;
import io.github.pgbaton.scripted.ScriptedLeaderSource;
import io.github.pgbaton.scripted.ScriptedPostgres;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Several callers of one cluster in one JVM share what watches it, and nothing else. */
@Timeout(60)
class CallersTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final Scripts scripts = new Scripts("callers");

    @AfterEach
    void close() throws Exception {
        scripts.close();
    }

    @Test
    void everySessionHasTheCredentialsOfItsCallerAlsoAfterAFailover() throws Exception {
        ScriptedPostgres old = scripts.server();
        ScriptedPostgres next = scripts.server().timeline(2);
        ScriptedLeaderSource source = scripts.source(old, next);
        source.elect("node1");
        BatonDataSource alice = scripts.following();
        alice.setUser("alice");
        BatonDataSource bob = scripts.following();
        bob.setUser("bob");
        try (Connection hers = alice.getConnection();
                Connection his = bob.getConnection()) {
            Scripts.run(hers, "SELECT 'alice'");
            Scripts.run(his, "SELECT 'bob'");
            source.elect("node2");
            Scripts.run(hers, "SELECT 'alice'");
            Scripts.run(his, "SELECT 'bob'");
        }
        assertThat(old.users()).containsExactly("alice", "bob");
        assertThat(next.users()).containsExactlyInAnyOrder("alice", "bob");
        assertThat(next.statements()).containsExactlyInAnyOrder("SELECT 'alice'", "SELECT 'bob'");
    }

    @Test
    void whoIsRefusedByTheNewLeaderFailsAloneAndTheOthersGoOn() throws Exception {
        ScriptedPostgres old = scripts.server();
        ScriptedPostgres next = scripts.server().timeline(2).inRecovery(true).refusing("mallory");
        ScriptedLeaderSource source = scripts.source(old, next);
        source.elect("node1");
        BatonDataSource alice = scripts.following();
        alice.setUser("alice");
        BatonDataSource mallory = scripts.following();
        mallory.setUser("mallory");
        alice.getConnection().close();
        source.elect("node2");
        CompletableFuture<Connection> waiting = Scripts.connecting(alice);
        await().atMost(PATIENCE).until(() -> next.openSessions() == 1);
        assertThatThrownBy(mallory::getConnection)
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("28P01"));
        assertThat(waiting).isNotDone();
        next.inRecovery(false);
        waiting.get(PATIENCE.toSeconds(), TimeUnit.SECONDS).close();
    }
}
