package io.github.pgbaton.hikari;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariDataSource;
import io.github.pgbaton.hikari.Pools.Way;
import io.github.pgbaton.testkit.PatroniCluster;
import io.github.pgbaton.testkit.PatroniClusterExtension;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A HikariCP pool while nothing is wrong with the cluster: what it sets up, gives back and cleans up. */
@Timeout(180)
class HikariIT {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @RegisterExtension
    static final PatroniClusterExtension CLUSTER = Pools.quick();

    @TempDir
    static Path directory;

    private PatroniCluster cluster;
    private final List<HikariDataSource> pools = new ArrayList<>();
    private int managersLoginTimeout;

    @BeforeEach
    void cluster() {
        cluster = CLUSTER.cluster();
        managersLoginTimeout = DriverManager.getLoginTimeout();
    }

    @AfterEach
    void cleanUp() throws SQLException {
        for (HikariDataSource pool : pools) {
            pool.close();
        }
        // HikariCP sets it for the whole JVM when it is given a jdbcUrl.
        DriverManager.setLoginTimeout(managersLoginTimeout);
    }

    private HikariDataSource open(Way way, String... more) throws IOException {
        HikariDataSource pool = Pools.pool(directory, way, cluster, more);
        pools.add(pool);
        return pool;
    }

    @ParameterizedTest
    @EnumSource(Way.class)
    void poolServesTransactionsOnThePrimary(Way way) throws Exception {
        try (HikariDataSource pool = open(way, "autoCommit=false", "maximumPoolSize=3")) {
            try (Connection connection = pool.getConnection()) {
                run(connection, "CREATE TABLE IF NOT EXISTS plain (a int)");
                run(connection, "TRUNCATE plain");
                try (PreparedStatement insert = connection.prepareStatement("INSERT INTO plain VALUES (?)")) {
                    insert.setInt(1, 7);
                    insert.addBatch();
                    insert.setInt(1, 8);
                    insert.addBatch();
                    insert.executeBatch();
                }
                connection.commit();
                run(connection, "INSERT INTO plain VALUES (9)");
                // Not committed: the pool rolls back what an application leaves open.
            }
            try (Connection connection = pool.getConnection()) {
                assertThat(text(connection, "SELECT string_agg(a::text, ',' ORDER BY a) FROM plain"))
                        .isEqualTo("7,8");
                assertThat(text(connection, "SELECT pg_is_in_recovery()::text")).isEqualTo("false");
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Way.class)
    void connectionIsGivenBackAsThePoolIsConfigured(Way way) throws Exception {
        try (HikariDataSource pool = open(
                way, "maximumPoolSize=1", "transactionIsolation=TRANSACTION_REPEATABLE_READ", "schema=pg_catalog")) {
            Connection ours;
            try (Connection connection = pool.getConnection()) {
                ours = connection.unwrap(Connection.class);
                connection.setAutoCommit(false);
                connection.setReadOnly(true);
                connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
                connection.setSchema("public");
                connection.setNetworkTimeout(Runnable::run, 12_345);
                run(connection, "SELECT 1");
                connection.rollback();
            }
            try (Connection connection = pool.getConnection()) {
                assertThat(connection.unwrap(Connection.class)).isSameAs(ours);
                assertThat(connection.getAutoCommit()).isTrue();
                assertThat(connection.isReadOnly()).isFalse();
                assertThat(connection.getTransactionIsolation()).isEqualTo(Connection.TRANSACTION_REPEATABLE_READ);
                assertThat(connection.getSchema()).isEqualTo("pg_catalog");
                assertThat(connection.getNetworkTimeout()).isZero();
                assertThat(connection.isValid(5)).isTrue();
            }
        }
    }

    /** What the pool was told by its own properties, a session that replaces another gets too. */
    @Test
    void sessionThatReplacesAnotherIsSetUpAsThePoolIsConfigured() throws Exception {
        try (HikariDataSource pool = open(
                        Way.JDBC_URL,
                        "maximumPoolSize=1",
                        "transactionIsolation=TRANSACTION_REPEATABLE_READ",
                        "schema=pg_catalog",
                        "autoCommit=false");
                Connection connection = pool.getConnection()) {
            String before = text(connection, "SELECT pg_backend_pid()::text");
            // HikariCP sets the schema inside the first transaction: rolled back, it is gone on the same session, too.
            connection.commit();
            endBackend(before);

            assertThat(text(connection, "SELECT pg_backend_pid()::text")).isNotEqualTo(before);
            assertThat(connection.getAutoCommit()).isFalse();
            assertThat(text(connection, "SHOW transaction_isolation")).isEqualTo("repeatable read");
            assertThat(text(connection, "SELECT current_schema()")).isEqualTo("pg_catalog");
        }
    }

    /** Lent again so soon, it is not looked at by HikariCP: the first statement of the transaction moves it. */
    @Test
    void connectionWhoseServerHungUpServesTheNextBorrowerUnnoticed() throws Exception {
        try (HikariDataSource pool = open(Way.JDBC_URL, "maximumPoolSize=1", "autoCommit=false")) {
            String backend;
            try (Connection connection = pool.getConnection()) {
                backend = text(connection, "SELECT pg_backend_pid()::text");
            }
            endBackend(backend);
            try (Connection connection = pool.getConnection()) {
                assertThat(text(connection, "SELECT pg_backend_pid()::text")).isNotEqualTo(backend);
            }
        }
    }

    @Test
    void closingAPoolOfTheJdbcUrlLeavesNoThread() throws Exception {
        try (HikariDataSource pool = open(Way.JDBC_URL);
                Connection connection = pool.getConnection()) {
            run(connection, "SELECT 1");
            assertThat(ours()).isNotEmpty();
        }
        await().atMost(PATIENCE).untilAsserted(() -> assertThat(ours()).isEmpty());
    }

    /** HikariCP does not close a data source that it made itself. */
    @Test
    void closingAPoolThatMadeItsDataSourceLeavesNoThread() throws Exception {
        try (HikariDataSource pool = open(Way.DATA_SOURCE);
                Connection connection = pool.getConnection()) {
            run(connection, "SELECT 1");
            assertThat(ours()).isNotEmpty();
        }
        await().atMost(PATIENCE).untilAsserted(() -> assertThat(ours()).isEmpty());
    }

    @Test
    void poolWithActiveConnectionsAbortsThemWhenItIsClosed() throws Exception {
        HikariDataSource pool = open(Way.JDBC_URL);
        try (pool) {
            Connection borrowed = pool.getConnection();
            run(borrowed, "SELECT 1");
            pool.close();
            assertThatThrownBy(() -> run(borrowed, "SELECT 1")).isInstanceOf(SQLException.class);
        }
        await().atMost(PATIENCE).untilAsserted(() -> assertThat(ours()).isEmpty());
    }

    private void endBackend(String pid) throws SQLException {
        String primary = cluster.awaitPrimary(PATIENCE);
        String url = "jdbc:postgresql://" + cluster.postgres(primary).getHostString() + ":"
                + cluster.postgres(primary).getPort() + "/" + cluster.database();
        try (Connection administrator =
                DriverManager.getConnection(url, cluster.superuser(), cluster.superuserPassword())) {
            assertThat(text(administrator, "SELECT pg_terminate_backend(" + pid + ", 10000)::text"))
                    .isEqualTo("true");
        }
    }

    /** Threads of pgbaton and of what it brings along; neither HikariCP's nor those of the cluster's observer. */
    private static Set<String> ours() {
        return Thread.getAllStackTraces().keySet().stream()
                .map(Thread::getName)
                .filter(name -> (name.startsWith("pgbaton") && !name.startsWith("pgbaton-truth"))
                        || name.contains("grpc")
                        || name.contains("netty")
                        || name.contains("nio")
                        || name.contains("Epoll"))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static void run(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static String text(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return row.getString(1);
        }
    }
}
