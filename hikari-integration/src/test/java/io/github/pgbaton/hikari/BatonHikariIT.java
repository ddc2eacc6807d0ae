package io.github.pgbaton.hikari;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.codahale.metrics.MetricRegistry;
import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.metrics.IMetricsTracker;
import com.zaxxer.hikari.metrics.MetricsTrackerFactory;
import io.github.pgbaton.BatonDataSource;
import io.github.pgbaton.event.FailoverListeners;
import io.github.pgbaton.hikari.HikariFailoverIT.Fault;
import io.github.pgbaton.hikari.Pools.Way;
import io.github.pgbaton.internal.outcome.LedgerSql;
import io.github.pgbaton.pool.PoolableConnection;
import io.github.pgbaton.testkit.Party;
import io.github.pgbaton.testkit.PatroniCluster;
import io.github.pgbaton.testkit.PatroniClusterExtension;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A pool that {@link BatonHikari} set up, in calm and through the loss of the primary. */
@Timeout(300)
class BatonHikariIT {
    private static final Duration PATIENCE = Duration.ofSeconds(120);
    private static final int SIZE = 6;
    private static final int ENOUGH = 40;

    @RegisterExtension
    static final PatroniClusterExtension CLUSTER = Pools.quick();

    @TempDir
    static Path directory;

    /** Connections that a pool opened once it was full: in place of others. */
    private final AtomicInteger opened = new AtomicInteger();

    private PatroniCluster cluster;
    private String primary;

    @BeforeEach
    void cluster() {
        cluster = CLUSTER.cluster();
        primary = cluster.awaitPrimary(PATIENCE);
        await().atMost(PATIENCE).until(() -> cluster.truth().isWritable(primary));
    }

    private HikariConfig config(Way way, String... more) throws IOException {
        HikariConfig config = Pools.config(directory, way, cluster, more);
        MetricsTrackerFactory counting = (pool, stats) -> new IMetricsTracker() {
            @Override
            public void recordConnectionCreatedMillis(long millis) {
                opened.incrementAndGet();
            }
        };
        config.setMetricsTrackerFactory(counting);
        return config;
    }

    private HikariDataSource filled(HikariConfig config) {
        config.setMaximumPoolSize(SIZE);
        HikariDataSource pool = BatonHikari.create(config);
        await().atMost(PATIENCE).until(() -> pool.getHikariPoolMXBean().getIdleConnections() == SIZE);
        opened.set(0);
        return pool;
    }

    @ParameterizedTest
    @EnumSource(Way.class)
    void poolOfAPropertiesFileServesAndGivesItsDataSource(Way way) throws Exception {
        int managers = DriverManager.getLoginTimeout();
        try (HikariDataSource pool = filled(config(way))) {
            try (Connection connection = pool.getConnection()) {
                assertThat(text(connection, "SELECT pg_is_in_recovery()::text")).isEqualTo("false");
            }
            assertThat(pool.unwrap(BatonDataSource.class).getUrl()).startsWith("jdbc:pgbaton:");
            assertThat(DriverManager.getLoginTimeout())
                    .as("the whole JVM's, which HikariCP sets for a jdbcUrl")
                    .isEqualTo(managers);
        }
    }

    @Test
    void everyMetricsTrackerOfHikariStillCounts() throws Exception {
        SimpleMeterRegistry micrometer = new SimpleMeterRegistry();
        MetricRegistry dropwizard = new MetricRegistry();
        HikariConfig config = Pools.config(directory, Way.JDBC_URL, cluster);
        config.setMaximumPoolSize(2);
        config.setMetricRegistry(micrometer);
        try (HikariDataSource pool = BatonHikari.create(config)) {
            try (Connection connection = pool.getConnection()) {
                assertThat(micrometer.get("hikaricp.connections.active").gauge().value())
                        .isEqualTo(1);
                assertThat(connection.isValid(5)).isTrue();
            }
            assertThat(micrometer.get("hikaricp.connections.usage").timer().count())
                    .isEqualTo(1);
        }

        HikariConfig second = Pools.config(directory, Way.DATA_SOURCE, cluster);
        second.setMetricRegistry(dropwizard);
        try (HikariDataSource pool = BatonHikari.create(second)) {
            pool.getConnection().close();
            assertThat(dropwizard.timer("pool.pool.Wait").getCount()).isEqualTo(1);
        }
    }

    @Test
    void switchoverMovesIdleConnectionsBeforeAnybodyAsks() throws Exception {
        idleConnectionsMove(Fault.SWITCHOVER);
    }

    @Tag("full")
    @ParameterizedTest
    @EnumSource(names = {"KILL", "FREEZE"})
    void lossOfThePrimaryMovesIdleConnectionsBeforeAnybodyAsks(Fault fault) throws Exception {
        idleConnectionsMove(fault);
    }

    private void idleConnectionsMove(Fault fault) throws Exception {
        try (HikariDataSource pool = filled(config(Way.JDBC_URL, "dataSource.ApplicationName=idle-" + fault))) {
            fault.inject(cluster, primary);

            await().atMost(PATIENCE)
                    .until(() -> cluster.truth()
                            .writable()
                            .filter(now -> !now.equals(primary))
                            .isPresent());
            String next = cluster.truth().writable().orElseThrow();
            await().atMost(PATIENCE).until(() -> sessionsOn(next, "idle-" + fault) == SIZE);
            assertThat(pool.getHikariPoolMXBean().getIdleConnections()).isEqualTo(SIZE);
            assertThat(opened).as("none was thrown away").hasValue(0);
            Set<String> servers = new TreeSet<>();
            List<Connection> all = new ArrayList<>();
            try {
                for (int i = 0; i < SIZE; i++) {
                    Connection connection = pool.getConnection();
                    all.add(connection);
                    servers.add(text(connection, "SELECT host(inet_server_addr()) || ':' || inet_server_port()"));
                }
            } finally {
                for (Connection connection : all) {
                    connection.close();
                }
            }
            assertThat(servers)
                    .containsExactly(cluster.postgres(next).getAddress().getHostAddress() + ":"
                            + cluster.postgres(next).getPort());
            assertThat(opened).hasValue(0);
        }
    }

    @Test
    void applicationSeesNoErrorWhenThePrimaryIsKilled() throws Exception {
        loadSeesNoError(Fault.KILL);
    }

    /** The one fault whose old primary lives on, as a standby that would answer. */
    @Test
    void applicationSeesNoErrorAndNoDemotedMemberAtASwitchover() throws Exception {
        loadSeesNoError(Fault.SWITCHOVER);
    }

    @Tag("full")
    @Test
    void applicationSeesNoErrorWhenThePrimaryFreezes() throws Exception {
        loadSeesNoError(Fault.FREEZE);
    }

    /** More workers than connections: some always wait for one. */
    private void loadSeesNoError(Fault fault) throws Exception {
        try (Connection connection = direct(primary, cluster.user(), cluster.password());
                Statement statement = connection.createStatement()) {
            statement.execute(LedgerSql.create(LedgerSql.DEFAULT_RETENTION, List.of()));
        }
        Queue<String> elsewhere = new ConcurrentLinkedQueue<>();
        AtomicInteger borrowed = new AtomicInteger();
        AtomicBoolean moved = new AtomicBoolean();
        AtomicBoolean stop = new AtomicBoolean();
        InetSocketAddress address = cluster.postgres(primary);
        String old = " " + address.getAddress().getHostAddress() + ":" + address.getPort();
        try (HikariDataSource pool = filled(config(Way.JDBC_URL, "autoCommit=false"));
                AuditedLoad load = new AuditedLoad(pool)) {
            load.start(SIZE + 2);
            load.startOne("borrowing", () -> {
                while (!stop.get()) {
                    boolean after = moved.get();
                    try (Connection connection = pool.getConnection()) {
                        String answer = text(
                                connection,
                                "SELECT pg_is_in_recovery() || ' ' || host(inet_server_addr()) || ':' || inet_server_port()");
                        if (answer.startsWith("true") || (after && answer.endsWith(old))) {
                            elsewhere.add(answer);
                        }
                        borrowed.addAndGet(after ? 1 : 0);
                    }
                }
            });
            await().atMost(PATIENCE).until(() -> load.done() >= ENOUGH);

            fault.inject(cluster, primary);
            await().atMost(PATIENCE)
                    .until(() -> cluster.truth()
                            .writable()
                            .filter(now -> !now.equals(primary))
                            .isPresent());
            moved.set(true);
            int before = load.done();
            // The old primary answers again, after a switchover as a standby, and thawed as a primary for a moment: cut
            // off from etcd, or Patroni 3.0.2 may put its leader key over its successor's, and there is no primary.
            if (fault == Fault.FREEZE) {
                cluster.cut(Party.member(primary), Party.allEtcd());
                cluster.resume(primary);
            }
            await().atMost(PATIENCE).until(() -> load.done() >= before + ENOUGH && borrowed.get() >= ENOUGH);
            stop.set(true);
            load.stop(PATIENCE.toSeconds());

            assertThat(load.lost()).as("40001").isZero();
            assertThat(load.unknown()).as("08007").isZero();
            assertThat(load.wrong()).isEmpty();
            assertThat(elsewhere).as("a member that is not the primary").isEmpty();
            assertThat(opened).as("no connection was thrown away").hasValue(0);
        }
    }

    @Test
    void refusedWriteKeepsTheConnectionWhereTheApplicationIsReadOnlyAndReplacesItElse() throws Exception {
        HikariConfig config = Pools.config(directory, Way.JDBC_URL, cluster, "autoCommit=false");
        config.setMaximumPoolSize(1);
        try (HikariDataSource pool = BatonHikari.create(config)) {
            Object first;
            try (Connection connection = pool.getConnection()) {
                first = connection.unwrap(PoolableConnection.class);
                connection.setReadOnly(true);
                assertRefused(connection, "CREATE TABLE never (a int)");
                connection.rollback();
            }
            try (Connection connection = pool.getConnection()) {
                assertThat(connection.unwrap(PoolableConnection.class)).isSameAs(first);
                // As the driver sees it nobody made this one read-only: it may as well be a demoted member.
                text(connection, "SELECT set_config('transaction_read_only', 'on', true)");
                assertRefused(connection, "CREATE TABLE never (a int)");
                assertThat(connection.isClosed()).as("by the pool").isTrue();
            }
            try (Connection connection = pool.getConnection()) {
                assertThat(connection.unwrap(PoolableConnection.class)).isNotSameAs(first);
                assertThat(text(connection, "SELECT pg_is_in_recovery()::text")).isEqualTo("false");
            }
        }
    }

    private static void assertRefused(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            assertThatThrownBy(() -> statement.execute(sql))
                    .isInstanceOfSatisfying(
                            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("25006"));
        }
    }

    @Test
    void closingThePoolInTheMiddleOfAMoveLeavesNoThreadAndNoListener() throws Exception {
        HikariDataSource pool = filled(config(Way.JDBC_URL, "connectionTimeout=2000", "dataSource.failoverTimeout=2s"));
        try (pool) {
            cluster.kill(primary);
            await().atMost(PATIENCE).until(() -> !movers().isEmpty());
        }
        await().atMost(PATIENCE).untilAsserted(() -> assertThat(movers()).isEmpty());
        assertThat(FailoverListeners.none()).isTrue();
    }

    private static Set<String> movers() {
        return Thread.getAllStackTraces().keySet().stream()
                .map(Thread::getName)
                .filter(name -> name.startsWith("pgbaton-hikari-"))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private int sessionsOn(String member, String application) throws SQLException {
        try (Connection administrator = direct(member, cluster.superuser(), cluster.superuserPassword())) {
            return Integer.parseInt(text(
                    administrator,
                    "SELECT count(*)::text FROM pg_stat_activity WHERE application_name = '" + application + "'"));
        }
    }

    private Connection direct(String member, String user, String password) throws SQLException {
        return DriverManager.getConnection(
                "jdbc:postgresql://" + cluster.postgres(member).getHostString() + ":"
                        + cluster.postgres(member).getPort() + "/" + cluster.database(),
                user,
                password);
    }

    private static String text(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return row.getString(1);
        }
    }
}
