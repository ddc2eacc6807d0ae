package com.example.orders;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.internal.outcome.LedgerSql;
import io.github.pgbaton.testkit.PatroniCluster;
import io.github.pgbaton.testkit.PatroniClusterExtension;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;

/** The service while its database fails over. */
@SpringBootTest(webEnvironment = WebEnvironment.DEFINED_PORT, properties = "server.port=18980")
@Timeout(180)
class OrdersApplicationIT {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final String SERVICE = "http://127.0.0.1:18980";

    @RegisterExtension
    static final PatroniClusterExtension CLUSTER =
            PatroniClusterExtension.local(builder -> builder.ttl(Duration.ofSeconds(10))
                    .loopWait(Duration.ofSeconds(1))
                    .retryTimeout(Duration.ofSeconds(3)));

    private final HttpClient client = HttpClient.newHttpClient();

    @DynamicPropertySource
    static void database(DynamicPropertyRegistry properties) {
        PatroniCluster cluster = CLUSTER.cluster();
        createLedger(cluster);
        String etcd = cluster.etcd().stream().map(URI::toString).collect(Collectors.joining(","));
        properties.add(
                "DATABASE_URL",
                () -> "jdbc:pgbaton:postgresql://" + cluster.seeds() + "/" + cluster.database() + "?etcd=" + etcd
                        + "&scope=" + cluster.scope() + "&namespace=" + cluster.namespace());
        properties.add("DATABASE_USER", cluster::user);
        properties.add("DATABASE_PASSWORD", cluster::password);
    }

    /** As {@code ./run ledger create} does. */
    private static void createLedger(PatroniCluster cluster) {
        InetSocketAddress primary = cluster.postgres(cluster.awaitPrimary(PATIENCE));
        String url = "jdbc:postgresql://" + primary.getHostString() + ":" + primary.getPort() + "/" + cluster.database();
        try (Connection connection = DriverManager.getConnection(url, cluster.user(), cluster.password());
                Statement statement = connection.createStatement()) {
            statement.execute(LedgerSql.create(LedgerSql.DEFAULT_RETENTION, List.of()));
        } catch (SQLException e) {
            throw new AssertionError("the ledger was not created", e);
        }
    }

    private HttpResponse<String> place() throws Exception {
        return client.send(
                HttpRequest.newBuilder(URI.create(SERVICE + "/orders"))
                        .header("Content-Type", "application/json")
                        .POST(BodyPublishers.ofString("[\"tea\", \"cups\"]"))
                        .build(),
                BodyHandlers.ofString());
    }

    private String get(String path) throws Exception {
        return client.send(HttpRequest.newBuilder(URI.create(SERVICE + path)).build(), BodyHandlers.ofString())
                .body();
    }

    @Test
    void ordersAreTakenThroughASwitchover() throws Exception {
        PatroniCluster cluster = CLUSTER.cluster();
        AtomicBoolean over = new AtomicBoolean();
        ConcurrentLinkedQueue<String> placed = new ConcurrentLinkedQueue<>();
        ConcurrentLinkedQueue<String> refused = new ConcurrentLinkedQueue<>();
        CompletableFuture<Void> customer = CompletableFuture.runAsync(() -> {
            while (!over.get()) {
                try {
                    HttpResponse<String> response = place();
                    (response.statusCode() == 200 ? placed : refused).add(response.body());
                } catch (Exception e) {
                    refused.add(e.toString());
                }
            }
        });
        try {
            await().atMost(PATIENCE).until(() -> placed.size() > 10 || !refused.isEmpty());
            String next = cluster.syncStandby().orElseThrow();
            cluster.switchover(next);
            assertThat(cluster.awaitPrimary(PATIENCE)).isEqualTo(next);
            int then = placed.size();
            await().atMost(PATIENCE).until(() -> placed.size() > then + 10 || !refused.isEmpty());
        } finally {
            over.set(true);
            customer.get(90, TimeUnit.SECONDS);
        }

        assertThat(refused).isEmpty();
        assertThat(get("/orders/count")).isEqualTo(String.valueOf(placed.size()));
        assertThat(get("/orders/" + placed.peek().replace("\"", ""))).isEqualTo("[\"tea\",\"cups\"]");
        assertThat(get("/actuator/health/pgbaton")).contains("\"status\":\"UP\"", "\"lastFailover\"");
    }
}
