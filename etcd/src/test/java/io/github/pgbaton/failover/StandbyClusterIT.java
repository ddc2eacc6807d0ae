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
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.sql.Statement;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A cluster that becomes a standby cluster takes no writes until it is promoted: nobody waits for it. */
@Timeout(300)
class StandbyClusterIT {
    private static final Duration PATIENCE = Duration.ofSeconds(120);

    /** Of its own: what it has been through is not undone by a restore. */
    @RegisterExtension
    static final PatroniClusterExtension CLUSTER = PatroniClusterExtension.local(builder -> builder.members(2)
            .ttl(Duration.ofSeconds(10))
            .loopWait(Duration.ofSeconds(1))
            .retryTimeout(Duration.ofSeconds(3)));

    private final HttpClient http = HttpClient.newHttpClient();
    private PatroniCluster cluster;
    private BatonDataSource etcd;
    private BatonDataSource rest;

    @BeforeEach
    void open() {
        cluster = CLUSTER.cluster();
        etcd = Clusters.dataSource(cluster, Clusters.ON_ITS_OWN);
        rest = Clusters.restOnly(cluster, Clusters.ON_ITS_OWN);
    }

    @AfterEach
    void close() {
        etcd.close();
        rest.close();
    }

    @Test
    void failsAtOnceAndSaysSoToWhoeverConnectsAndToOpenConnections() throws Exception {
        String primary = cluster.awaitPrimary(PATIENCE);
        try (Connection told = etcd.getConnection();
                Connection asking = rest.getConnection()) {
            select(told);
            select(asking);
            HttpResponse<String> answer = http.send(
                    HttpRequest.newBuilder(cluster.rest(primary).resolve("/config"))
                            .timeout(Duration.ofSeconds(10))
                            .method(
                                    "PATCH",
                                    HttpRequest.BodyPublishers.ofString(
                                            "{\"standby_cluster\": {\"host\": \"127.0.0.1\", \"port\": 1}}"))
                            .build(),
                    HttpResponse.BodyHandlers.ofString());
            assertThat(answer.statusCode()).isEqualTo(200);
            await("the primary steps down")
                    .atMost(PATIENCE)
                    .until(() -> !cluster.truth().isWritable(primary));
            await("a leader of a standby cluster")
                    .atMost(PATIENCE)
                    .ignoreExceptions()
                    .until(() -> clusterAsTold(primary).contains("\"standby_leader\""));

            refused(() -> etcd.getConnection().close());
            refused(() -> select(told));
            refused(() -> rest.getConnection().close());
            refused(() -> select(asking));
        }
    }

    private String clusterAsTold(String member) throws Exception {
        URI uri = cluster.rest(member).resolve("/cluster");
        return http.send(
                        HttpRequest.newBuilder(uri)
                                .timeout(Duration.ofSeconds(10))
                                .build(),
                        HttpResponse.BodyHandlers.ofString())
                .body();
    }

    private interface Call {
        void run() throws SQLException;
    }

    /** Whoever finds out a moment later waits until then; who waits to the end gets another class of exception. */
    private static void refused(Call call) throws Exception {
        Calls.Call<Void> made = Calls.start("refused", () -> {
            call.run();
            return null;
        });
        try {
            made.await(PATIENCE.toSeconds());
        } catch (SQLException e) {
            if ("40003".equals(e.getSQLState())) {
                // The statement had been sent before the loss of its session was known.
                refused(call);
                return;
            }
            assertThat((Throwable) e)
                    .isInstanceOf(SQLNonTransientConnectionException.class)
                    .hasMessageContaining("standby cluster");
            assertThat(e.getSQLState()).isEqualTo("08001");
            return;
        }
        throw new AssertionError("it was not refused");
    }

    private static void select(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("SELECT 1");
        }
    }
}
