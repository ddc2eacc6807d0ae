package io.github.pgbaton.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.BatonDataSource;
import io.github.pgbaton.internal.outcome.LedgerSql;
import io.github.pgbaton.testkit.PatroniCluster;
import io.github.pgbaton.testkit.PatroniClusterExtension;
import java.net.InetSocketAddress;
import java.net.URI;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** An application in autocommit mode on a real cluster that fails over under it: it sees longer calls and nothing else. */
@Timeout(600)
class AutocommitFailoverIT {
    private static final Duration PATIENCE = Duration.ofSeconds(120);
    private static final int WRITERS = 4;
    private static final int READERS = 2;

    @RegisterExtension
    static final PatroniClusterExtension CLUSTER = PatroniClusterExtension.local(builder ->
            builder.ttl(Duration.ofSeconds(10)).loopWait(Duration.ofSeconds(1)).retryTimeout(Duration.ofSeconds(3)));

    private final AtomicBoolean stop = new AtomicBoolean();
    private final AtomicInteger ids = new AtomicInteger();
    private final AtomicInteger reads = new AtomicInteger();
    private final Set<Integer> written = ConcurrentHashMap.newKeySet();
    private final List<SQLException> errors = new CopyOnWriteArrayList<>();

    @Test
    void killAndSwitchoverAreNoErrorToWritesAndReads() throws Exception {
        PatroniCluster cluster = CLUSTER.cluster();
        try (Connection admin = superuser(cluster)) {
            for (String sql : List.of(
                    "DROP SCHEMA IF EXISTS pgbaton CASCADE",
                    LedgerSql.create(LedgerSql.DEFAULT_RETENTION, List.of()),
                    "CREATE TABLE autocommitted (id int)",
                    "GRANT ALL ON autocommitted TO PUBLIC")) {
                run(admin, sql);
            }
        }
        String rest = cluster.members().stream()
                .map(cluster::rest)
                .map(URI::toString)
                .map(uri -> uri.replaceAll("/$", ""))
                .collect(Collectors.joining(","));
        try (BatonDataSource source = new BatonDataSource("jdbc:pgbaton:postgresql:///" + cluster.database()
                + "?patroni=" + rest + "&failoverTimeout=120s&autocommitReplay=on")) {
            source.setUser(cluster.user());
            source.setPassword(cluster.password());
            List<Thread> application = new ArrayList<>();
            for (int i = 0; i < WRITERS + READERS; i++) {
                boolean writer = i < WRITERS;
                Thread thread = new Thread(() -> work(source, writer), "application-" + i);
                thread.start();
                application.add(thread);
            }
            try {
                awaitProgress();
                cluster.kill(cluster.awaitPrimary(PATIENCE));
                awaitProgress();
                cluster.restore(PATIENCE);
                cluster.awaitHealthy(PATIENCE);
                cluster.switchover(cluster.syncStandby().orElseThrow());
                awaitProgress();
            } finally {
                stop.set(true);
                for (Thread thread : application) {
                    thread.join(PATIENCE.toMillis());
                }
            }
        }

        assertThat(errors).isEmpty();
        List<Integer> rows = rows(cluster);
        assertThat(rows).doesNotHaveDuplicates();
        assertThat(rows).containsExactlyInAnyOrderElementsOf(written);
    }

    private void awaitProgress() {
        int from = written.size();
        int read = reads.get();
        await().atMost(PATIENCE).until(() -> written.size() > from + WRITERS * 20 && reads.get() > read + READERS * 20);
    }

    private void work(BatonDataSource source, boolean writer) {
        try (Connection connection = source.getConnection()) {
            while (!stop.get()) {
                if (writer) {
                    int id = ids.incrementAndGet();
                    run(connection, "INSERT INTO autocommitted VALUES (" + id + ")");
                    written.add(id);
                } else {
                    // Long enough to be under way when the primary dies.
                    run(connection, "SELECT count(*), pg_sleep(0.05) FROM autocommitted");
                    reads.incrementAndGet();
                }
            }
        } catch (SQLException e) {
            errors.add(e);
        }
    }

    private static Connection superuser(PatroniCluster cluster) throws SQLException {
        InetSocketAddress primary = cluster.postgres(cluster.awaitPrimary(PATIENCE));
        return DriverManager.getConnection(
                "jdbc:postgresql://" + primary.getHostString() + ":" + primary.getPort() + "/" + cluster.database(),
                cluster.superuser(),
                cluster.superuserPassword());
    }

    private static void run(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static List<Integer> rows(PatroniCluster cluster) throws SQLException {
        List<Integer> rows = new ArrayList<>();
        try (Connection admin = superuser(cluster);
                Statement statement = admin.createStatement();
                ResultSet row = statement.executeQuery("SELECT id FROM autocommitted")) {
            while (row.next()) {
                rows.add(row.getInt(1));
            }
        }
        return rows;
    }
}
