package io.github.pgbaton.failover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.BatonDataSource;
import io.github.pgbaton.internal.outcome.LedgerSql;
import io.github.pgbaton.testkit.PatroniCluster;
import io.github.pgbaton.testkit.PatroniClusterExtension;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * A connection of a real cluster whose sessions can be terminated, one after the other, and a table that tells what was
 * committed of it; each test has a name of its own in there.
 */
@Timeout(120)
abstract class ReplayBench {
    static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final AtomicInteger NAMES = new AtomicInteger();

    @RegisterExtension
    static final PatroniClusterExtension CLUSTER = Clusters.quick();

    static Connection admin;

    String name;
    BatonDataSource source;
    Connection connection;

    @BeforeAll
    static void connectPastTheDriver() throws Exception {
        reconnectPastTheDriver();
        run(admin, "DROP TABLE IF EXISTS replayed");
        run(admin, "CREATE TABLE replayed (k serial PRIMARY KEY, test text, v text, UNIQUE (test, v))");
        run(admin, LedgerSql.create(LedgerSql.DEFAULT_RETENTION, List.of()));
    }

    static void reconnectPastTheDriver() throws Exception {
        PatroniCluster cluster = CLUSTER.cluster();
        cluster.awaitPrimary(PATIENCE);
        admin = DriverManager.getConnection(
                "jdbc:postgresql://" + cluster.seeds() + "/" + cluster.database() + "?targetServerType=primary",
                cluster.user(),
                cluster.password());
    }

    @AfterAll
    static void disconnect() throws Exception {
        admin.close();
    }

    @BeforeEach
    void open() throws Exception {
        connect();
    }

    void connect(String... more) throws Exception {
        close();
        name = "replay-" + NAMES.incrementAndGet();
        List<String> parameters = new ArrayList<>(List.of(more));
        parameters.add("ApplicationName=" + name);
        source = Clusters.dataSource(CLUSTER.cluster(), parameters.toArray(String[]::new));
        connection = source.getConnection();
        connection.setAutoCommit(false);
    }

    @AfterEach
    void close() throws Exception {
        if (source != null) {
            connection.close();
            source.close();
        }
    }

    /** Ends the session behind the connection, and returns once the server has rolled back what was open there. */
    void breakSession() throws SQLException {
        int pid = backends().get(0);
        run(admin, "SELECT pg_terminate_backend(" + pid + ")");
        await().atMost(PATIENCE).until(() -> !backends().contains(pid));
    }

    List<Integer> backends() throws SQLException {
        List<Integer> pids = new ArrayList<>();
        try (Statement statement = admin.createStatement();
                ResultSet rows = statement.executeQuery("SELECT pid FROM pg_stat_activity WHERE application_name = '"
                        + name + "' ORDER BY backend_start")) {
            while (rows.next()) {
                pids.add(rows.getInt(1));
            }
        }
        return pids;
    }

    static void run(Connection on, String sql) throws SQLException {
        try (Statement statement = on.createStatement()) {
            statement.execute(sql);
        }
    }

    void run(String sql) throws SQLException {
        run(connection, sql);
    }

    int update(String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            return statement.executeUpdate(sql);
        }
    }

    String text(String sql) throws SQLException {
        return text(connection, sql);
    }

    static String text(Connection on, String sql) throws SQLException {
        try (Statement statement = on.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            rows.next();
            return rows.getString(1);
        }
    }

    void add(String value) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement("INSERT INTO replayed (test, v) VALUES (?, ?)")) {
            insert.setString(1, name);
            insert.setString(2, value);
            assertThat(insert.executeUpdate()).isEqualTo(1);
        }
    }

    List<String> committed() throws SQLException {
        List<String> values = new ArrayList<>();
        try (PreparedStatement select = admin.prepareStatement("SELECT v FROM replayed WHERE test = ? ORDER BY v")) {
            select.setString(1, name);
            try (ResultSet rows = select.executeQuery()) {
                while (rows.next()) {
                    values.add(rows.getString(1));
                }
            }
        }
        return values;
    }

    static void others(String sql) throws SQLException {
        run(admin, sql);
    }

    void assertLost(String because) {
        SQLException lost = catchThrowableOfType(SQLException.class, () -> text("SELECT 1"));
        assertThat((Throwable) lost).isNotNull();
        assertThat(lost.getSQLState()).isEqualTo("40001");
        assertThat(lost.getMessage())
                .contains(because)
                .contains("its COMMIT was not sent, so nothing of it was committed")
                .contains("roll back and run the whole transaction again");
    }

    void assertGoesOnAfterRollback() throws SQLException {
        connection.rollback();
        assertThat(text("SELECT 1")).isEqualTo("1");
        connection.commit();
        assertThat(committed()).isEmpty();
    }
}
