package io.github.pgbaton.driver;

import static io.github.pgbaton.driver.Scripts.run;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.BatonDataSource;
import io.github.pgbaton.scripted.ScriptedPostgres;
import io.github.pgbaton.scripted.ScriptedPostgres.Reaction;
import io.github.pgbaton.scripted.StuckSocketFactory;
import java.net.SocketTimeoutException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What the driver does not save an application from, and what the application sees of it. */
@Timeout(60)
class LimitsTest extends PairOnScripts {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    LimitsTest() {
        super("limits");
    }

    private static String stateOf(Connection connection, String sql) {
        return catchThrowableOfType(SQLException.class, () -> run(connection, sql))
                .getSQLState();
    }

    /** A call that may block: the SQLState that it fails with, or none. */
    private static CompletableFuture<String> calling(Connection connection, String sql) {
        return CompletableFuture.supplyAsync(
                () -> {
                    try {
                        run(connection, sql);
                        return "none";
                    } catch (SQLException e) {
                        return String.valueOf(e.getSQLState());
                    }
                },
                task -> {
                    Thread thread = new Thread(task, "calling");
                    thread.setDaemon(true);
                    thread.start();
                });
    }

    private void awaitReceived(String sql) {
        await().atMost(PATIENCE).until(() -> first.statements().contains(sql));
    }

    @Test
    void zombieKeepsItsSessionsWhereNoSourceTellsOfIt() throws Exception {
        ScriptedPostgres zombie = scripts.server();
        ScriptedPostgres newer = scripts.server().inRecovery(true);
        BatonDataSource asking =
                scripts.dataSource("//" + zombie.address() + "," + newer.address() + "/db?failoverTimeout=20s");
        try (Connection connection = asking.getConnection()) {
            run(connection, "INSERT 1");
            newer.timeline(2).inRecovery(false);
            run(connection, "INSERT 2");
        }
        assertThat(zombie.statements()).containsExactly("INSERT 1", "INSERT 2");
        assertThat(newer.statements()).isEmpty();
    }

    @Test
    void lookAtTheCatalogThatTimesOutFailsOnceInAutocommitMode() throws Exception {
        first.script(sql -> sql.contains("relname") ? Reaction.HANG : Reaction.SUCCEED);
        try (Connection connection = scripts.following("socketTimeout=3").getConnection()) {
            run(connection, "SELECT 1");
            int sessions = first.accepted();
            assertThatThrownBy(() -> connection.getMetaData().getTables(null, null, "t", null))
                    .isInstanceOfSatisfying(
                            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("08006"))
                    .hasRootCauseInstanceOf(SocketTimeoutException.class);
            run(connection, "SELECT 2");
            assertThat(first.accepted()).as("another session").isGreaterThan(sessions);
        }
        assertThat(first.statements()).startsWith("SELECT 1").endsWith("SELECT 2");
        assertThat(first.statements().stream().filter(sql -> sql.contains("relname")))
                .as("it is not made again")
                .hasSize(1);
    }

    @Test
    void cancelOnAFrozenMemberEndsAtPgJdbcsOwnTimeout() throws Exception {
        first.script(sql -> sql.equals("SELECT long") ? Reaction.HANG : Reaction.SUCCEED);
        try (Connection connection =
                        scripts.following("cancelSignalTimeout=1", "replay=off").getConnection();
                Statement statement = connection.createStatement()) {
            CompletableFuture<String> call = CompletableFuture.supplyAsync(
                    () -> catchThrowableOfType(SQLException.class, () -> statement.execute("SELECT long"))
                            .getSQLState(),
                    task -> new Thread(task, "calling").start());
            awaitReceived("SELECT long");
            first.mute(true);
            int before = first.accepted();
            statement.cancel();
            await("it was tried").atMost(PATIENCE).until(() -> first.accepted() > before);
            assertThat(call).as("nobody has heard of it").isNotDone();
            source.elect("node2");
            assertThat(call.get(20, TimeUnit.SECONDS)).isEqualTo("40003");
        }
    }

    @Test
    void socketsOfTheApplicationsOwnFactoryAreAbortedButNotLookedAt() throws Exception {
        first.script(sql -> sql.equals("INSERT long") ? Reaction.HANG : Reaction.SUCCEED);
        try (Connection blocked = scripts.following(StuckSocketFactory.parameter(), "autocommitReplay=off")
                        .getConnection();
                Connection idle = scripts.following(StuckSocketFactory.parameter(), "autocommitReplay=off")
                        .getConnection()) {
            run(idle, "INSERT 1");
            first.dropSessions();
            assertThat(stateOf(idle, "INSERT 2")).isEqualTo("40003");
            CompletableFuture<String> call = calling(blocked, "SELECT 3");
            assertThat(call.get(20, TimeUnit.SECONDS)).isIn("none", "40003");
            CompletableFuture<String> hanging = calling(blocked, "INSERT long");
            awaitReceived("INSERT long");
            source.elect("node2");
            assertThat(hanging.get(20, TimeUnit.SECONDS)).isEqualTo("40003");
        }
    }
}
