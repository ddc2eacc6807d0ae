package io.github.pgbaton.hikari;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.github.pgbaton.pool.PoolableConnection;
import io.github.pgbaton.testkit.HeldReplay;
import io.github.pgbaton.testkit.PatroniCluster;
import io.github.pgbaton.testkit.PatroniClusterExtension;
import java.net.InetSocketAddress;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Two pools behind one data source on a real cluster. */
@Timeout(300)
class ReadWriteIT {
    private static final Duration PATIENCE = Duration.ofSeconds(90);
    private static final String NOT_A_STANDBY = "not a standby";

    @RegisterExtension
    static final PatroniClusterExtension CLUSTER = Pools.quick();

    private PatroniCluster cluster;
    private ReadWriteDataSource source;

    @BeforeEach
    void open() {
        cluster = CLUSTER.cluster();
        cluster.awaitPrimary(PATIENCE);
        source = ReadWriteDataSource.create(config(), replicas -> replicas.setMaximumPoolSize(5));
    }

    private HikariConfig config() {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(Pools.url(cluster));
        config.setUsername(cluster.user());
        config.setPassword(cluster.password());
        config.setPoolName("pair");
        config.setMaximumPoolSize(3);
        config.setConnectionTimeout(PATIENCE.toMillis());
        return config;
    }

    @AfterEach
    void close() {
        source.close();
    }

    /** In the order in which Spring does it. */
    private Connection begin(boolean readOnly) throws SQLException {
        Connection connection = source.getConnection();
        if (readOnly) {
            connection.setReadOnly(true);
        }
        connection.setAutoCommit(false);
        return connection;
    }

    private static boolean standby(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT pg_is_in_recovery()")) {
            row.next();
            return row.getBoolean(1);
        }
    }

    private void awaitReadsOnReplicas() {
        await().atMost(PATIENCE).until(() -> {
            try (Connection connection = begin(true)) {
                boolean standby = standby(connection);
                connection.commit();
                return standby;
            }
        });
    }

    @Test
    void readOnlyTransactionsRunOnReplicasAndAllOthersOnThePrimary() throws Exception {
        awaitReadsOnReplicas();
        try (Connection connection = begin(false);
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE IF NOT EXISTS pair (a int)");
            assertThat(standby(connection)).isFalse();
            assertThatThrownBy(() -> connection.setReadOnly(true))
                    .isInstanceOfSatisfying(
                            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("25001"))
                    .hasMessageContaining("in the middle of a transaction");
            connection.commit();
            connection.setReadOnly(true);
            assertThat(standby(connection)).isTrue();
            connection.commit();
            connection.setReadOnly(false);
            assertThat(standby(connection)).isFalse();
            connection.rollback();
        }
        try (Connection connection = begin(true);
                Statement statement = connection.createStatement()) {
            PoolableConnection kept = connection.unwrap(PoolableConnection.class);
            assertThatThrownBy(() -> statement.execute("INSERT INTO pair VALUES (1)"))
                    .isInstanceOfSatisfying(
                            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("25006"));
            connection.rollback();
            assertThat(standby(connection)).isTrue();
            assertThat(connection.unwrap(PoolableConnection.class))
                    .as("not thrown away")
                    .isSameAs(kept);
            connection.rollback();
        }
        assertThat(source.primaryPool().getMaximumPoolSize()).isEqualTo(3);
        assertThat(source.replicaPool().getMaximumPoolSize()).isEqualTo(5);
        assertThat(source.replicaPool().getPoolName()).isEqualTo("pair-replicas");
        assertThat(source.unwrap(HikariDataSource.class)).isSameAs(source.primaryPool());
        assertThat(source.primaryPool().getHikariPoolMXBean().getActiveConnections())
                .isZero();
        assertThat(source.replicaPool().getHikariPoolMXBean().getActiveConnections())
                .isZero();
        source.close();
        assertThat(source.primaryPool().isClosed()).isTrue();
        assertThat(source.replicaPool().isClosed()).isTrue();
        assertThatThrownBy(source::getConnection).hasMessageContaining("closed");
    }

    @Test
    void serializableReadsAreOnThePrimaryForNoStandbyHasThatLevel() throws Exception {
        awaitReadsOnReplicas();
        try (Connection connection = begin(true)) {
            connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
            assertThat(standby(connection)).isFalse();
            connection.rollback();
            connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            assertThat(standby(connection)).isTrue();
            connection.rollback();
        }
    }

    @Test
    void withoutAutocommitInThePoolsSettingsBeginNoTransaction() throws Exception {
        HikariConfig config = config();
        config.setAutoCommit(false);
        try (ReadWriteDataSource hibernates = ReadWriteDataSource.create(config);
                Connection connection = hibernates.getConnection()) {
            connection.setSchema("public");
            connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            connection.getMetaData().getDatabaseProductName();
            connection.setReadOnly(true);
            assertThat(connection.getAutoCommit()).isFalse();
            assertThat(connection.getTransactionIsolation()).isEqualTo(Connection.TRANSACTION_REPEATABLE_READ);
            assertThat(connection.getSchema()).isEqualTo("public");
            connection.rollback();
        }
    }

    @Test
    void withoutReplicasReadsAreOnThePrimaryUntilOneIsBack() throws Exception {
        awaitReadsOnReplicas();
        String primary = cluster.awaitPrimary(PATIENCE);
        List<String> replicas = cluster.members().stream()
                .filter(member -> !member.equals(primary))
                .toList();
        replicas.forEach(cluster::kill);
        try (Connection connection = begin(true);
                Statement statement = connection.createStatement()) {
            assertThat(standby(connection)).isFalse();
            assertThatThrownBy(() -> statement.execute("CREATE TABLE never (a int)"))
                    .as("read-only all the same")
                    .isInstanceOfSatisfying(
                            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("25006"));
            connection.rollback();
        }
        cluster.start(replicas.get(0));
        awaitReadsOnReplicas();
    }

    @Test
    void bothSidesGoOnThroughAFailover() throws Exception {
        awaitReadsOnReplicas();
        try (Connection connection = begin(false);
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE IF NOT EXISTS written (standby bool)");
            statement.execute("TRUNCATE written");
            connection.commit();
        }
        String primary = cluster.awaitPrimary(PATIENCE);
        AtomicBoolean stop = new AtomicBoolean();
        AtomicInteger reads = new AtomicInteger();
        AtomicInteger writes = new AtomicInteger();
        List<CompletableFuture<Void>> all = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            all.add(running("reader-" + i, stop, () -> {
                try (Connection connection = begin(true)) {
                    standby(connection);
                    connection.commit();
                    reads.incrementAndGet();
                }
            }));
            all.add(running("writer-" + i, stop, () -> {
                try (Connection connection = begin(false);
                        Statement statement = connection.createStatement()) {
                    statement.execute("INSERT INTO written VALUES (pg_is_in_recovery())");
                    if (committed(connection)) {
                        writes.incrementAndGet();
                    }
                }
            }));
        }
        await().atMost(PATIENCE).until(() -> reads.get() > 20 && writes.get() > 20);

        cluster.kill(primary);
        await().atMost(PATIENCE)
                .until(() ->
                        cluster.leader().filter(now -> !now.equals(primary)).isPresent());
        cluster.awaitPrimary(PATIENCE);

        int readBefore = reads.get();
        int writtenBefore = writes.get();
        await().atMost(PATIENCE).until(() -> reads.get() > readBefore + 20 && writes.get() > writtenBefore + 20);
        awaitReadsOnReplicas();
        stop.set(true);
        for (CompletableFuture<Void> one : all) {
            one.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        }
        try (Connection connection = begin(false);
                Statement statement = connection.createStatement();
                ResultSet row =
                        statement.executeQuery("SELECT count(*) FILTER (WHERE standby), count(*) FROM written")) {
            row.next();
            assertThat(row.getInt(1)).isZero();
            assertThat(row.getInt(2)).isGreaterThanOrEqualTo(writes.get());
        }
    }

    /** All of the replicas' pool at once: those that are held, transaction after transaction, and then those that were idle. */
    @Test
    void replicaConnectionsMoveWhenTheirMemberBecomesThePrimary() throws Exception {
        awaitNewReadersOn(replicas());
        String next = cluster.syncStandby().orElseThrow();
        List<Connection> held = allReaders();
        try {
            assertThat(members(held)).contains(next);
            assertThat(source.replicaPool().getHikariPoolMXBean().getActiveConnections())
                    .isEqualTo(held.size());

            cluster.switchover(next);
            assertThat(cluster.awaitPrimary(PATIENCE)).isEqualTo(next);

            await().atMost(PATIENCE)
                    .untilAsserted(() -> assertThat(members(held)).doesNotContain(next, NOT_A_STANDBY));
        } finally {
            closeAll(held);
        }
        assertThat(idleReaders()).doesNotContain(next, NOT_A_STANDBY);
    }

    @Test
    void replicaConnectionsMoveWhenTheirMemberFallsBehind() throws Exception {
        source.close();
        HikariConfig near = config();
        near.setJdbcUrl(near.getJdbcUrl() + "&maxReplicaLag=256KiB");
        source = ReadWriteDataSource.create(near, replicas -> replicas.setMaximumPoolSize(5));
        Set<String> replicas = replicas();
        awaitNewReadersOn(replicas);
        String late = replicas.iterator().next();
        Set<String> others = new TreeSet<>(replicas);
        others.remove(late);
        List<Connection> held = allReaders();
        try {
            assertThat(members(held)).isEqualTo(replicas);
            try (HeldReplay behind = HeldReplay.of(cluster, late);
                    Connection connection = source.getConnection();
                    Statement statement = connection.createStatement()) {
                // With a commit, or it would stay in the primary's buffers.
                statement.execute("SELECT pg_logical_emit_message(true, 'pair', repeat('x', 1048576))");
                await().atMost(PATIENCE)
                        .untilAsserted(() -> assertThat(members(held)).isEqualTo(others));
                closeAll(held);
                assertThat(idleReaders()).isEqualTo(others);
            }
        } finally {
            closeAll(held);
        }
        awaitNewReadersOn(replicas);
    }

    private Set<String> replicas() {
        Set<String> replicas = new TreeSet<>(cluster.members());
        replicas.remove(cluster.awaitPrimary(PATIENCE));
        return replicas;
    }

    /** A connection stays on a replica that is good, so only a new one finds one that has become so. */
    private void awaitNewReadersOn(Set<String> members) {
        await().atMost(PATIENCE).untilAsserted(() -> {
            source.replicaPool().getHikariPoolMXBean().softEvictConnections();
            assertThat(idleReaders()).isEqualTo(members);
        });
    }

    /** As many as the replicas' pool has. */
    private List<Connection> allReaders() throws SQLException {
        List<Connection> held = new ArrayList<>();
        for (int i = 0; i < source.replicaPool().getMaximumPoolSize(); i++) {
            held.add(begin(true));
        }
        return held;
    }

    /** Where the next transaction of each runs. */
    private Set<String> members(List<Connection> connections) throws SQLException {
        Set<String> members = new TreeSet<>();
        for (Connection connection : connections) {
            members.add(standby(connection) ? member(connection) : NOT_A_STANDBY);
            connection.commit();
        }
        return members;
    }

    /** Where all connections of the replicas' pool are, which nobody has just now. */
    private Set<String> idleReaders() throws SQLException {
        List<Connection> all = allReaders();
        try {
            return members(all);
        } finally {
            closeAll(all);
        }
    }

    private String member(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT host(inet_server_addr()), inet_server_port()")) {
            row.next();
            InetSocketAddress address = new InetSocketAddress(row.getString(1), row.getInt(2));
            return cluster.members().stream()
                    .filter(name -> cluster.postgres(name).equals(address))
                    .findFirst()
                    .orElseThrow();
        }
    }

    private static void closeAll(List<Connection> connections) throws SQLException {
        for (Connection connection : connections) {
            connection.close();
        }
    }

    /** There is no ledger here, so a COMMIT that was cut off is told as it is; false then, for it may not be there. */
    private static boolean committed(Connection connection) throws SQLException {
        try {
            connection.commit();
            return true;
        } catch (SQLException e) {
            assertThat(e.getSQLState()).isEqualTo("08007");
            return false;
        }
    }

    private interface Body {
        void run() throws SQLException;
    }

    private static CompletableFuture<Void> running(String name, AtomicBoolean stop, Body body) {
        return CompletableFuture.runAsync(
                () -> {
                    while (!stop.get()) {
                        try {
                            body.run();
                        } catch (SQLException e) {
                            throw new IllegalStateException(name + ": " + e.getSQLState() + " " + e.getMessage(), e);
                        }
                    }
                },
                task -> {
                    Thread thread = new Thread(task, name);
                    thread.setDaemon(true);
                    thread.start();
                });
    }
}
