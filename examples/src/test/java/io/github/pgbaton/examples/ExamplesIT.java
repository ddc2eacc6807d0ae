package io.github.pgbaton.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.examples.demo.Route;
import io.github.pgbaton.examples.hikari.PooledOrders;
import io.github.pgbaton.examples.plainjdbc.PlainJdbc;
import io.github.pgbaton.examples.readwrite.ReadsAndWrites;
import io.github.pgbaton.internal.outcome.LedgerSql;
import io.github.pgbaton.testkit.PatroniCluster;
import io.github.pgbaton.testkit.PatroniClusterExtension;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** The examples as a reader runs them, with a switchover while they run. */
@Timeout(180)
class ExamplesIT {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @RegisterExtension
    static final PatroniClusterExtension CLUSTER = PatroniClusterExtension.local(builder ->
            builder.ttl(Duration.ofSeconds(10)).loopWait(Duration.ofSeconds(1)).retryTimeout(Duration.ofSeconds(3)));

    @TempDir
    Path directory;

    private final ByteArrayOutputStream printed = new ByteArrayOutputStream();
    private final PrintStream out = new PrintStream(printed, true, StandardCharsets.UTF_8);
    private final AtomicBoolean over = new AtomicBoolean();
    private PatroniCluster cluster;
    private String url;

    @BeforeEach
    void createLedger() throws SQLException {
        cluster = CLUSTER.cluster();
        url = Route.pgbaton(cluster).url();
        try (Connection connection = connect();
                Statement statement = connection.createStatement()) {
            statement.execute(LedgerSql.create(LedgerSql.DEFAULT_RETENTION, List.of()));
        }
    }

    private Connection connect() throws SQLException {
        return DriverManager.getConnection(url, cluster.user(), cluster.password());
    }

    private int count(String sql) throws SQLException {
        try (Connection connection = connect();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return row.getInt(1);
        }
    }

    /** Runs an example, and switches over once it has said something; what it returns comes after that. */
    private <T> T throughASwitchover(Callable<T> example) throws Exception {
        ExecutorService runner = Executors.newSingleThreadExecutor();
        try {
            Future<T> running = runner.submit(example);
            await().atMost(PATIENCE).until(() -> printed.size() > 0 || running.isDone());
            String next = cluster.syncStandby().orElseThrow();
            cluster.switchover(next);
            assertThat(cluster.awaitPrimary(PATIENCE)).isEqualTo(next);
            int before = printed.size();
            await().atMost(PATIENCE).until(() -> printed.size() > before || running.isDone());
            over.set(true);
            return running.get(90, TimeUnit.SECONDS);
        } finally {
            over.set(true);
            runner.shutdownNow();
        }
    }

    @Test
    void transfersGoOnThroughASwitchover() throws Exception {
        int sum = throughASwitchover(
                () -> PlainJdbc.run(url, cluster.user(), cluster.password(), () -> !over.get(), out));

        assertThat(sum).isEqualTo(2_000);
        assertThat(printed.toString(StandardCharsets.UTF_8)
                        .lines()
                        .map(line -> line.replaceFirst(".*through ", ""))
                        .distinct())
                .as("members that served it")
                .hasSize(2);
    }

    /** HikariCP's properties, as {@code ./run example} writes them. */
    private String propertiesFile() throws IOException {
        Properties file = new Properties();
        file.setProperty("jdbcUrl", url);
        file.setProperty("username", cluster.user());
        file.setProperty("password", cluster.password());
        file.setProperty("maximumPoolSize", "4");
        Path written = directory.resolve("hikari.properties");
        try (Writer writer = Files.newBufferedWriter(written)) {
            file.store(writer, null);
        }
        return written.toString();
    }

    @Test
    void pooledOrdersGoOnThroughASwitchover() throws Exception {
        String file = propertiesFile();

        int taken = throughASwitchover(() -> PooledOrders.run(file, () -> !over.get(), out));

        assertThat(count("SELECT count(*) FROM customer_order JOIN order_line ON order_id = id"))
                .isEqualTo(taken);
    }

    @Test
    void readsAreOnReplicasAndWritesGoOnThroughASwitchover() throws Exception {
        String file = propertiesFile();

        int written = throughASwitchover(() -> ReadsAndWrites.run(file, () -> !over.get(), out));

        assertThat(count("SELECT count(*) FROM measurement")).isEqualTo(written);
        assertThat(printed.toString(StandardCharsets.UTF_8)).contains("on a replica");
    }
}
