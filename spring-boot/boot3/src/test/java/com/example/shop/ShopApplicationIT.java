package com.example.shop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariDataSource;
import io.github.pgbaton.internal.outcome.LedgerSql;
import io.github.pgbaton.testkit.PatroniCluster;
import io.github.pgbaton.testkit.PatroniClusterExtension;
import java.io.IOException;
import java.io.StringReader;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.SpringBootVersion;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.core.env.Environment;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;

/** A fresh application on a real cluster, told nothing but what README.md says to write. */
@SpringBootTest(
        webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT,
        properties = {
            "management.endpoints.web.exposure.include=health,metrics",
            "management.endpoint.health.show-details=always"
        })
@Timeout(180)
class ShopApplicationIT {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final int CUSTOMERS = 4;

    @RegisterExtension
    static final PatroniClusterExtension CLUSTER =
            PatroniClusterExtension.local(builder -> builder.ttl(Duration.ofSeconds(10))
                    .loopWait(Duration.ofSeconds(1))
                    .retryTimeout(Duration.ofSeconds(3)));

    private final HttpClient client = HttpClient.newHttpClient();

    @Autowired
    private Environment environment;

    @Autowired
    private DataSource dataSource;

    @DynamicPropertySource
    static void dataSource(DynamicPropertyRegistry properties) throws IOException {
        PatroniCluster cluster = CLUSTER.cluster();
        createLedger(cluster);
        Properties documented = ofTheReadme();
        documented
                .stringPropertyNames()
                .forEach(name -> properties.add(name, () -> ofThisCluster(name, documented.getProperty(name))));
    }

    /** The lines that README.md has for an application of Spring Boot. */
    private static Properties ofTheReadme() throws IOException {
        String readme = Files.readString(Path.of("..", "..", "README.md"));
        String section = readme.split("(?m)^### Spring Boot$", 2)[1].split("(?m)^##", 2)[0];
        String block = section.split("```properties\n", 2)[1].split("```", 2)[0];
        Properties lines = new Properties();
        lines.load(new StringReader(block));
        return lines;
    }

    /** Another cluster has other names, addresses and passwords; all else stays as it is documented. */
    private static String ofThisCluster(String name, String value) {
        PatroniCluster cluster = CLUSTER.cluster();
        String etcd = cluster.etcd().stream().map(URI::toString).collect(Collectors.joining(","));
        return switch (name) {
            case "spring.datasource.username" -> cluster.user();
            case "spring.datasource.password" -> cluster.password();
            default ->
                value.replace("//pg1,pg2,pg3/mydb?", "//" + cluster.seeds() + "/" + cluster.database() + "?")
                        .replace("=http://e1:2379", "=" + etcd)
                        .replace("=pgcluster", "=" + cluster.scope())
                        .replace("=/db", "=" + cluster.namespace());
        };
    }

    /** As {@code ./run ledger create} does: a COMMIT that the switchover cuts off is not in doubt. */
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

    private HttpResponse<String> send(String method, String path) throws IOException, InterruptedException {
        URI uri = URI.create("http://127.0.0.1:" + environment.getProperty("local.server.port") + path);
        return client.send(
                HttpRequest.newBuilder(uri)
                        .method(method, HttpRequest.BodyPublishers.noBody())
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }

    private String get(String path) {
        try {
            HttpResponse<String> response = send("GET", path);
            assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
            return response.body();
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(path, e);
        }
    }

    @Test
    void applicationIsOfTheBootThatItsModuleIsFor() {
        assertThat(SpringBootVersion.getVersion()).startsWith(System.getProperty("boot.expected"));
    }

    @Test
    void linesOfTheReadmeMakeAPoolThatIsSetUpForFailover() {
        HikariDataSource pool = (HikariDataSource) dataSource;
        assertThat(pool.getDriverClassName()).isEqualTo("io.github.pgbaton.BatonDriver");
        assertThat(pool.getExceptionOverride().getClass().getPackageName()).isEqualTo("io.github.pgbaton.hikari");
        assertThat(pool.getConnectionTimeout())
                .as("not shorter than failoverTimeout")
                .isGreaterThanOrEqualTo(60_000);
    }

    @Test
    void healthTellsPrimaryAndTimeline() {
        String primary = CLUSTER.cluster().awaitPrimary(PATIENCE);
        get("/orders");
        assertThat(get("/actuator/health/pgbaton"))
                .contains("\"status\":\"UP\"", "\"primary\":\"" + primary + "\"", "\"led\":true")
                .containsPattern("\"timeline\":[1-9]");
    }

    /** Every request is answered as if nothing had happened, and each order is there once. */
    @Test
    void switchoverInTheMiddleOfRequestsIsNotNoticed() throws Exception {
        PatroniCluster cluster = CLUSTER.cluster();
        String before = cluster.awaitPrimary(PATIENCE);
        String after = cluster.syncStandby().orElseThrow();
        AtomicBoolean over = new AtomicBoolean();
        AtomicInteger next = new AtomicInteger();
        ConcurrentLinkedQueue<String> placed = new ConcurrentLinkedQueue<>();
        ConcurrentLinkedQueue<String> refused = new ConcurrentLinkedQueue<>();
        List<CompletableFuture<Void>> customers = new ArrayList<>();
        for (int i = 0; i < CUSTOMERS; i++) {
            customers.add(CompletableFuture.runAsync(() -> {
                while (!over.get()) {
                    String id = "order" + next.incrementAndGet();
                    try {
                        HttpResponse<String> response = send("POST", "/orders?id=" + id);
                        (response.statusCode() == 200 ? placed : refused).add(response.body());
                    } catch (IOException | InterruptedException e) {
                        refused.add(e.toString());
                    }
                }
            }));
        }
        try {
            await().atMost(PATIENCE).until(() -> placed.size() > 20);
            cluster.switchover(after);
            assertThat(cluster.awaitPrimary(PATIENCE)).isEqualTo(after);
            int then = placed.size();
            await().atMost(PATIENCE).until(() -> placed.size() > then + 20 || !refused.isEmpty());
        } finally {
            over.set(true);
            CompletableFuture.allOf(customers.toArray(CompletableFuture[]::new)).get(90, TimeUnit.SECONDS);
        }

        assertThat(refused).isEmpty();
        assertThat(get("/orders").split(" ")).containsExactlyInAnyOrderElementsOf(placed);
        assertThat(get("/actuator/health/pgbaton"))
                .contains("\"primary\":\"" + after + "\"", "\"lastFailover\"")
                .doesNotContain("\"primary\":\"" + before + "\"");
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(get("/actuator/metrics/pgbaton.failover"))
                        .containsPattern("\"COUNT\",\"value\":[1-9]"));
        assertThat(get("/actuator/metrics/pgbaton.transactions"))
                .contains("protected", "unprotected", "replayed", "lost", cluster.scope());
    }
}
