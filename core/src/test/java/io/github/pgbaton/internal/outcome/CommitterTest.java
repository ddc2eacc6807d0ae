package io.github.pgbaton.internal.outcome;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.config.ConnectionSpec;
import io.github.pgbaton.internal.outcome.CommitResult.Committed;
import io.github.pgbaton.internal.outcome.CommitResult.InDoubt;
import io.github.pgbaton.internal.outcome.CommitResult.Refused;
import io.github.pgbaton.internal.probe.Deadline;
import io.github.pgbaton.internal.probe.OpenSession;
import io.github.pgbaton.internal.routing.ClusterRef;
import io.github.pgbaton.scripted.ScriptedPostgres;
import io.github.pgbaton.scripted.ScriptedPostgres.Reaction;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.postgresql.core.TransactionState;

/** What an answer to the token and to the COMMIT behind it means, where a real server gives it on no demand. */
@Timeout(60)
class CommitterTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private ScriptedPostgres server;
    private ClusterRef cluster;
    private OpenSession session;
    private Committer committer;

    @BeforeEach
    void open() throws Exception {
        server = new ScriptedPostgres().ledger();
        cluster = ClusterRef.acquire(ConnectionSpec.parse(
                "jdbc:pgbaton:postgresql://" + server.address() + "/db?user=app&sslmode=disable", null));
        session = cluster.open(Deadline.in(PATIENCE));
        committer = Committer.open(cluster, session);
        session.connection().setAutoCommit(false);
        try (Statement statement = session.connection().createStatement()) {
            statement.execute("UPDATE work SET note = 'x'");
        }
    }

    @AfterEach
    void close() throws Exception {
        cluster.discard(session);
        cluster.release();
        server.close();
    }

    private void script(String part, Reaction reaction) {
        server.script(sql -> sql.contains(part) ? reaction : Reaction.SUCCEED);
    }

    @Test
    void okIsAnAcknowledgement() {
        assertThat(committer.commit(false))
                .isInstanceOfSatisfying(
                        Committed.class,
                        committed -> assertThat(committed.token()).isNotNull());
    }

    @ParameterizedTest
    @CsvSource({"pgbaton.tx,HANG_UP", "pgbaton.tx,SHUT_DOWN", "COMMIT,HANG_UP", "COMMIT,SHUT_DOWN"})
    void aSessionThatEndsWithoutAnAnswerLeavesADoubt(String part, Reaction reaction) {
        script(part, reaction);

        assertThat(committer.commit(false)).isInstanceOf(InDoubt.class);
        assertThat(session.socket().aborted()).isTrue();
    }

    @Test
    void aSessionThatIsAbortedWhileItWaitsLeavesADoubt() throws Exception {
        script("COMMIT", Reaction.HANG);
        CompletableFuture<CommitResult> result = CompletableFuture.supplyAsync(() -> committer.commit(false));
        await().atMost(PATIENCE).until(() -> server.statements().stream().anyMatch(sql -> sql.contains("COMMIT")));
        session.socket().abort();

        assertThat(result.get(20, TimeUnit.SECONDS)).isInstanceOf(InDoubt.class);
    }

    @Test
    void anErrorThatOnlyLooksLikeAShutdownIsARefusal() throws SQLException {
        script("COMMIT", Reaction.FAIL_57P01);

        assertThat(committer.commit(false)).isInstanceOfSatisfying(Refused.class, refused -> {
            assertThat(refused.failure().getSQLState()).isEqualTo("57P01");
            assertThat(refused.ledger()).isFalse();
        });
        assertThat(session.connection().isClosed()).isFalse();
    }

    @Test
    void aRefusedTokenSkipsTheCommitAndIsRolledBack() {
        script("pgbaton.tx", Reaction.FAIL);

        assertThat(committer.commit(false)).isInstanceOf(Refused.class);
        assertThat(server.statements())
                .noneMatch(sql -> sql.contains("COMMIT"))
                .last()
                .isEqualTo("ROLLBACK");
        assertThat(session.connection().getTransactionState()).isEqualTo(TransactionState.IDLE);
    }

    @Test
    void aRefusalWhoseRollbackBreaksIsStillARefusal() {
        server.script(sql -> sql.contains("pgbaton.tx")
                ? Reaction.FAIL
                : sql.equals("ROLLBACK") ? Reaction.HANG_UP : Reaction.SUCCEED);

        assertThat(committer.commit(false)).isInstanceOf(Refused.class);
        assertThat(session.socket().aborted()).isTrue();
    }
}
