package io.github.pgbaton.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.scripted.LostStandby;
import io.github.pgbaton.scripted.WireProxy.Action;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** An OK of a server that did not wait for its synchronous standby is no success yet, however the COMMIT was made. */
@Timeout(180)
class StandbyWaitIT extends WireBench {
    private static final String WAITING =
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND backend_type = 'client backend'";

    private interface Call {
        void run() throws SQLException;
    }

    private void noStandby() throws SQLException {
        LostStandby.take(admin, this::superuser, PATIENCE);
    }

    private void standby() throws SQLException {
        asAdmin("ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()");
    }

    private CompletableFuture<String> told(Call call) {
        return CompletableFuture.supplyAsync(() -> {
            SQLException failure = catchThrowableOfType(SQLException.class, call::run);
            return failure == null ? "success" : failure.getSQLState();
        });
    }

    private void awaitWait(CompletableFuture<String> told, int beforeIt) throws SQLException {
        await().atMost(PATIENCE)
                .until(() -> told.isDone() || (text(admin, WAITING).equals("1") && barriers() == beforeIt));
        assertThat(told).as("it waits for the standby").isNotDone();
    }

    private long barriers() {
        return proxy.sent().stream()
                .filter(sent -> sent.type() == 'E' && sent.sql().contains("pg_logical_emit_message("))
                .count();
    }

    private void cancelTheWait() throws SQLException {
        text(
                admin,
                "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND backend_type = 'client backend'");
    }

    private String afterACancelledWait(Call call) throws Exception {
        noStandby();
        CompletableFuture<String> told = told(call);
        awaitWait(told, 0);
        cancelTheWait();
        awaitWait(told, 1);
        assertThat(told).as("it waits at a barrier").isNotDone();
        standby();
        return told.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void autocommitWriteWhoseWaitWasCancelledWaitsAtABarrier(boolean batch) throws Exception {
        connection.setAutoCommit(true);
        try (Statement statement = connection.createStatement()) {
            String answer = afterACancelledWait(() -> {
                if (batch) {
                    statement.addBatch(insert("a"));
                    statement.executeBatch();
                } else {
                    statement.executeUpdate(insert("a"));
                }
            });

            assertThat(answer).isEqualTo("success");
        }
        assertThat(rows()).containsExactly("a");
    }

    @Test
    void autocommitWriteWhoseBarrierIsCutIsUnknown() throws Exception {
        connection.setAutoCommit(true);
        once(sent -> sent.type() == 'E' && sent.sql().contains("pg_logical_emit_message("), Action.LOSE);
        noStandby();
        CompletableFuture<String> told = told(() -> run(insert("a")));
        awaitWait(told, 0);
        cancelTheWait();

        assertThat(told.get(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isEqualTo("40003");
    }

    @Test
    void commitOfATransactionThatSqlTextBeganWaitsAtABarrier() throws Exception {
        connect("");
        connection.setAutoCommit(true);
        run("BEGIN");
        run(insert("a"));
        connection.setAutoCommit(false);

        assertThat(afterACancelledWait(connection::commit)).isEqualTo("success");
        assertThat(rows()).containsExactly("a");
    }

    /** In the transaction that follows at once nothing waits for the one before. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void commitAndChainWhoseWaitWasCancelledIsUnknown(boolean autoCommit) throws Exception {
        connection.setAutoCommit(autoCommit);
        if (autoCommit) {
            run("BEGIN");
        }
        run(insert("a"));
        noStandby();
        CompletableFuture<String> told = told(() -> run("COMMIT AND CHAIN"));
        awaitWait(told, 0);
        cancelTheWait();

        assertThat(told.get(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isEqualTo("08007");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void commitTextOfAFailedTransactionIsRefused(boolean autoCommit) throws Exception {
        connection.setAutoCommit(autoCommit);
        if (autoCommit) {
            run("BEGIN");
        }
        run(insert("a"));
        run("SET search_path TO nowhere");
        assertThat(told(() -> run("SELECT 1/0")).get()).isEqualTo("22012");

        assertThat(told(() -> run("COMMIT")).get()).isEqualTo("25P02");
        assertThat(text(connection, "SHOW search_path")).isNotEqualTo("nowhere");
        assertThat(rows()).isEmpty();
    }

    @Test
    void commitOfAFailedTransactionThatSqlTextBeganIsRefused() throws Exception {
        connect("");
        connection.setAutoCommit(true);
        run("BEGIN");
        run(insert("a"));
        assertThat(told(() -> run("SELECT 1/0")).get()).isEqualTo("22012");
        connection.setAutoCommit(false);

        assertThat(told(connection::commit).get()).isEqualTo("25P02");
        assertThat(rows()).isEmpty();
    }
}
