package io.github.pgbaton.failover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.BatonDataSource;
import io.github.pgbaton.testkit.PatroniCluster;
import io.github.pgbaton.testkit.PatroniClusterExtension;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What goes on while nobody can prove the leader, on a real cluster whose DCS is gone, paused or in failsafe mode. */
@Timeout(300)
class LeaderProofIT {
    private static final Duration PATIENCE = Duration.ofSeconds(120);
    private static final Duration TTL = Duration.ofSeconds(10);
    private static final String STRICT = "leaderProof=strict";

    @RegisterExtension
    static final PatroniClusterExtension CLUSTER = Clusters.quick();

    private final HttpClient http = HttpClient.newHttpClient();
    private PatroniCluster cluster;
    private BatonDataSource available;
    private BatonDataSource strict;
    private String primary;

    @BeforeEach
    void open() throws SQLException {
        cluster = CLUSTER.cluster();
        available = Clusters.dataSource(cluster);
        strict = Clusters.dataSource(cluster, STRICT, "failoverTimeout=10s");
        primary = cluster.awaitPrimary(PATIENCE);
        try (Connection connection = available.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE IF NOT EXISTS proof (at timestamptz)");
        }
    }

    @AfterEach
    void close() throws Exception {
        available.close();
        strict.close();
        // Patroni refuses to be told anything while it looks for an etcd that has only just come back.
        await("restored").atMost(PATIENCE).ignoreExceptions().until(() -> {
            cluster.restore(PATIENCE);
            return true;
        });
        failsafe(false);
    }

    private HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
        return http.send(request.timeout(Duration.ofSeconds(10)).build(), HttpResponse.BodyHandlers.ofString());
    }

    private URI rest(String member, String path) {
        return cluster.rest(member).resolve(path);
    }

    /** Switches Patroni's failsafe mode, and waits until every member knows whom it would have to ask. */
    private void failsafe(boolean on) throws Exception {
        send(HttpRequest.newBuilder(rest(primary, "/config"))
                .method(
                        "PATCH",
                        HttpRequest.BodyPublishers.ofString("{\"failsafe_mode\": " + (on ? "true" : "null") + "}")));
        if (on) {
            for (String member : cluster.members()) {
                await(member + " knows of the failsafe mode")
                        .atMost(PATIENCE)
                        .ignoreExceptions()
                        .until(() -> {
                            HttpResponse<String> answer = send(HttpRequest.newBuilder(rest(member, "/failsafe")));
                            return answer.statusCode() == 200
                                    && cluster.members().stream().allMatch(answer.body()::contains);
                        });
            }
        }
    }

    private static int backend(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT pg_backend_pid()")) {
            row.next();
            return row.getInt(1);
        }
    }

    private static boolean writes(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            return statement.executeUpdate("INSERT INTO proof VALUES (now())") == 1;
        }
    }

    /** Uses a connection all the time, for longer than anybody can be without a proof and not notice. */
    private static void goesOnPastTheTtl(Connection connection) {
        long end = System.nanoTime() + TTL.multipliedBy(2).toNanos();
        await().atMost(PATIENCE).pollInterval(Duration.ofMillis(200)).until(() -> {
            assertThat(writes(connection)).isTrue();
            return System.nanoTime() - end > 0;
        });
    }

    @Test
    void failsafeWithoutTheDcsSessionsGoOnAndNewOnesAreProvenByPostgres() throws Exception {
        failsafe(true);
        try (Connection idle = available.getConnection();
                Connection inside = available.getConnection()) {
            int backend = backend(idle);
            inside.setAutoCommit(false);
            writes(inside);
            cluster.stopAllEtcd();
            goesOnPastTheTtl(idle);
            assertThat(backend(idle)).as("the session it had").isEqualTo(backend);
            try (Connection opened = available.getConnection()) {
                assertThat(writes(opened)).isTrue();
            }
            writes(inside);
            inside.commit();
            cluster.startAllEtcd();
            cluster.awaitHealthy(PATIENCE);
            assertThat(writes(idle)).isTrue();
        }
    }

    @Test
    void failsafeWithoutTheDcsStrictFinishesWhatWasBegunAndBeginsNothing() throws Exception {
        failsafe(true);
        try (Connection idle = strict.getConnection();
                Connection inside = strict.getConnection();
                Connection going = available.getConnection()) {
            writes(idle);
            inside.setAutoCommit(false);
            writes(inside);
            cluster.stopAllEtcd();
            goesOnPastTheTtl(going);
            Calls.Call<Boolean> held = Calls.start("held", () -> writes(idle));
            Calls.Call<Connection> opening = Calls.start("opening", strict::getConnection);
            writes(inside);
            inside.commit();
            assertThat(held.sqlState(PATIENCE.toSeconds())).isEqualTo("08001");
            assertThat(opening.sqlState(PATIENCE.toSeconds())).isEqualTo("08001");
            cluster.startAllEtcd();
            await("strict begins something again")
                    .atMost(PATIENCE)
                    .until(() -> Calls.start("idle", () -> writes(idle))
                            .sqlState(PATIENCE.toSeconds())
                            .equals("none"));
        }
    }

    @Test
    void dcsOutageThatDemotesThePrimaryIsOnePause() throws Exception {
        try (Connection idle = available.getConnection()) {
            writes(idle);
            cluster.stopAllEtcd();
            await("the primary steps down")
                    .atMost(PATIENCE)
                    .until(() -> !cluster.truth().isWritable(primary));
            Calls.Call<Boolean> waiting = Calls.start("waiting", () -> writes(idle));
            Calls.Call<Connection> opening = Calls.start("opening", available::getConnection);
            cluster.startAllEtcd();
            assertThat(waiting.await(PATIENCE.toSeconds())).isTrue();
            opening.await(PATIENCE.toSeconds()).close();
        }
    }

    @Test
    void pausedWithoutTheDcsSessionsGoOn() throws Exception {
        cluster.pause();
        try (Connection idle = available.getConnection()) {
            int backend = backend(idle);
            cluster.stopAllEtcd();
            goesOnPastTheTtl(idle);
            assertThat(backend(idle)).isEqualTo(backend);
            try (Connection opened = available.getConnection()) {
                assertThat(writes(opened)).isTrue();
            }
            cluster.startAllEtcd();
            assertThat(writes(idle)).isTrue();
        }
    }

    @Test
    void pausedAndWithoutALeaderTheMembersAreAskedAfterATtl() throws Exception {
        cluster.pause();
        try (Connection idle = available.getConnection();
                Connection held = strict.getConnection()) {
            int backend = backend(idle);
            backend(held);
            cluster.freezePatroni(primary);
            await("nobody holds the lock")
                    .atMost(PATIENCE)
                    .until(() -> cluster.leader().isEmpty());
            goesOnPastTheTtl(idle);
            assertThat(cluster.leader()).as("nobody took the lock meanwhile").isEmpty();
            assertThat(backend(idle)).isEqualTo(backend);
            try (Connection opened = available.getConnection()) {
                assertThat(writes(opened)).isTrue();
            }
            assertThat(Calls.start("held", () -> writes(held)).sqlState(PATIENCE.toSeconds()))
                    .isEqualTo("08001");
            cluster.resumePatroni(primary);
            await().atMost(PATIENCE).until(() -> cluster.leader().isPresent());
            assertThat(writes(idle)).isTrue();
        }
    }
}
