package io.github.pgbaton.failover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.BatonDataSource;
import io.github.pgbaton.event.StatementUnknownException;
import io.github.pgbaton.internal.probe.Standing;
import io.github.pgbaton.testkit.HeldReplay;
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
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.postgresql.jdbc.PgConnection;

/** Connections to replicas on a real cluster: where they are, and what becomes of them when a replica is no good any more. */
@Timeout(300)
class ReplicaIT {
    private static final Duration PATIENCE = Duration.ofSeconds(90);

    @RegisterExtension
    static final PatroniClusterExtension CLUSTER = Clusters.quick();

    /** Who tells where the members are. */
    enum Way {
        ETCD {
            @Override
            String url(PatroniCluster cluster) {
                return Clusters.url(cluster);
            }
        },
        REST {
            @Override
            String url(PatroniCluster cluster) {
                return Clusters.url(cluster)
                        .replaceFirst(
                                "etcd=[^&]*&",
                                "patroni="
                                        + cluster.members().stream()
                                                .map(cluster::rest)
                                                .map(URI::toString)
                                                .collect(Collectors.joining(","))
                                        + "&");
            }
        },
        NONE {
            @Override
            String url(PatroniCluster cluster) {
                return "jdbc:pgbaton:postgresql://" + cluster.seeds() + "/" + cluster.database()
                        + "?commitOutcome=none";
            }
        };

        abstract String url(PatroniCluster cluster);
    }

    private PatroniCluster cluster;
    private String primary;
    private final List<AutoCloseable> open = new ArrayList<>();

    @BeforeEach
    void open() {
        cluster = CLUSTER.cluster();
        primary = cluster.awaitPrimary(PATIENCE);
    }

    @AfterEach
    void close() throws Exception {
        for (int i = open.size() - 1; i >= 0; i--) {
            open.get(i).close();
        }
    }

    private BatonDataSource source(Way way, String... more) {
        BatonDataSource source = new BatonDataSource(way.url(cluster) + "&" + String.join("&", more));
        source.setUser(cluster.user());
        source.setPassword(cluster.password());
        open.add(source);
        return source;
    }

    private Connection connection(BatonDataSource source) throws SQLException {
        Connection connection = source.getConnection();
        open.add(connection);
        return connection;
    }

    private List<Connection> connections(BatonDataSource source, int count) throws SQLException {
        List<Connection> all = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            all.add(connection(source));
        }
        return all;
    }

    /** The member that answered, and whether it says that it is in recovery. */
    private record Answer(String member, boolean standby) {}

    private Answer ask(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(
                        "SELECT host(inet_server_addr()), inet_server_port(), pg_is_in_recovery()")) {
            row.next();
            InetSocketAddress address = new InetSocketAddress(row.getString(1), row.getInt(2));
            String member = cluster.members().stream()
                    .filter(name -> cluster.postgres(name).equals(address))
                    .findFirst()
                    .orElseThrow();
            return new Answer(member, row.getBoolean(3));
        }
    }

    private Set<String> members(List<Connection> connections) throws SQLException {
        Set<String> members = new TreeSet<>();
        for (Connection connection : connections) {
            Answer answer = ask(connection);
            assertThat(answer.standby()).as("%s is a standby", answer.member()).isTrue();
            members.add(answer.member());
        }
        return members;
    }

    private Set<String> replicas() {
        Set<String> replicas = new TreeSet<>(cluster.members());
        replicas.remove(cluster.awaitPrimary(PATIENCE));
        return replicas;
    }

    private void asSuperuser(String member, String sql) throws SQLException {
        try (Connection connection = superuser(cluster.postgres(member));
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private Connection superuser(InetSocketAddress address) throws SQLException {
        return DriverManager.getConnection(
                "jdbc:postgresql://" + address.getHostString() + ":" + address.getPort() + "/" + cluster.database(),
                cluster.superuser(),
                cluster.superuserPassword());
    }

    /** An autocommit statement that is cut off is told so (40003), and is the application's to run again. */
    private Answer askAgain(Connection connection) throws SQLException {
        try {
            return ask(connection);
        } catch (StatementUnknownException e) {
            return ask(connection);
        }
    }

    /** New connections reach exactly these, and nobody else. */
    private void awaitOn(BatonDataSource source, Set<String> members) {
        await().atMost(PATIENCE).ignoreExceptions().untilAsserted(() -> {
            List<Connection> some = new ArrayList<>();
            try {
                for (int i = 0; i < 4; i++) {
                    some.add(source.getConnection());
                }
                assertThat(members(some)).isEqualTo(members);
            } finally {
                for (Connection connection : some) {
                    connection.close();
                }
            }
        });
    }

    @ParameterizedTest
    @EnumSource(Way.class)
    void readsGoToAllReplicasAndALaggingOneIsAvoided(Way way) throws Exception {
        BatonDataSource source = source(way, "target=replica", "maxReplicaLag=256KiB");
        awaitOn(source, replicas());
        List<Connection> connections = connections(source, 4);
        assertThat(members(connections)).isEqualTo(replicas());
        String late = ask(connections.get(0)).member();
        try (HeldReplay behind = HeldReplay.of(cluster, late)) {
            // With a commit, or it would stay in the primary's buffers.
            asSuperuser(primary, "SELECT pg_logical_emit_message(true, 'replicas', repeat('x', 1048576))");
            Set<String> others = replicas();
            others.remove(late);
            await().atMost(PATIENCE)
                    .untilAsserted(() -> assertThat(members(connections)).isEqualTo(others));
            awaitOn(source, others);
        }
        for (Connection connection : connections) {
            // All on one member, and the new ones would all go to the other.
            connection.close();
        }
        awaitOn(source, replicas());
    }

    /** The snapshot of a query that goes on for long would hold up what is replayed, and so the promotion. */
    @Test
    void standbyLooksOutForItsPromotionOnlyWithNothingToReplay() throws Exception {
        String standby = replicas().iterator().next();
        try (Connection connection = superuser(cluster.postgres(standby))) {
            PgConnection session = connection.unwrap(PgConnection.class);
            await().atMost(PATIENCE).until(() -> Standing.awaitPromotion(session, 2, 20));
            try (HeldReplay behind = HeldReplay.of(cluster, standby)) {
                asSuperuser(primary, "SELECT pg_logical_emit_message(true, 'replicas', repeat('x', 65536))");
                await().atMost(PATIENCE).until(() -> !Standing.awaitPromotion(session, 2, 20));
            }
            await().atMost(PATIENCE).until(() -> Standing.awaitPromotion(session, 2, 20));
        }
    }

    @ParameterizedTest
    @EnumSource(Way.class)
    void sessionsOfAPromotedReplicaMove(Way way) throws Exception {
        BatonDataSource source = source(way, "target=replica");
        awaitOn(source, replicas());
        List<Connection> connections = connections(source, 4);
        String next = cluster.syncStandby().orElseThrow();
        assertThat(members(connections)).contains(next);

        cluster.switchover(next);
        cluster.awaitPrimary(PATIENCE);

        for (Connection connection : connections) {
            // One statement may still be answered by a member whose promotion only its answer tells.
            ask(connection);
            Answer answer = ask(connection);
            assertThat(answer.standby()).isTrue();
            assertThat(answer.member()).isNotEqualTo(next);
        }
    }

    @Test
    void sessionsAndTransactionsOfAKilledReplicaGoOnAtAnother() throws Exception {
        BatonDataSource source = source(Way.ETCD, "target=replica");
        awaitOn(source, replicas());
        List<Connection> connections = connections(source, 4);
        Connection inside = connections.get(0);
        String doomed = ask(inside).member();
        inside.setAutoCommit(false);
        try (Statement statement = inside.createStatement();
                ResultSet row = statement.executeQuery("SELECT 42")) {
            row.next();
            assertThat(row.getInt(1)).isEqualTo(42);
        }

        cluster.kill(doomed);

        Answer answer = ask(inside);
        assertThat(answer.standby()).isTrue();
        assertThat(answer.member()).isNotEqualTo(doomed);
        inside.commit();
        for (Connection connection : connections) {
            assertThat(askAgain(connection).member()).isEqualTo(answer.member());
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Way.class,
            names = {"ETCD", "REST"})
    void synchronousStandbyIsTakenWhereItIsAskedFor(Way way) throws Exception {
        String synchronous = cluster.syncStandby().orElseThrow();
        awaitOn(source(way, "target=replica", "replicaChoice=sync"), Set.of(synchronous));
    }

    @Test
    void withoutReplicasOneTargetFallsBackAndTheOtherFails() throws Exception {
        BatonDataSource prefers = source(Way.ETCD, "target=preferReplica");
        BatonDataSource replicas = source(Way.ETCD, "target=replica", "failoverTimeout=3s");
        awaitOn(replicas, replicas());
        Connection kept = connection(prefers);
        assertThat(ask(kept).standby()).isTrue();

        replicas().forEach(cluster::kill);

        Answer answer = askAgain(kept);
        assertThat(answer).isEqualTo(new Answer(primary, false));
        assertThatThrownBy(replicas::getConnection)
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("08001"))
                .hasMessageContaining("no replica of");
    }

    @Test
    void anyTargetIsOnEveryMemberWhateverItsRoleIsAndLeavesOneThatIsKilled() throws Exception {
        BatonDataSource source = source(Way.ETCD, "target=any");
        awaitOn(source(Way.ETCD, "target=replica"), replicas());
        List<Connection> connections = new ArrayList<>();
        awaitOnEveryMember(source, connections);
        String next = cluster.syncStandby().orElseThrow();

        cluster.switchover(next);
        cluster.awaitPrimary(PATIENCE);
        for (Connection connection : connections) {
            askAgain(connection);
        }
        awaitOnEveryMember(source, connections);

        cluster.kill(next);
        for (Connection connection : connections) {
            assertThat(askAgain(connection).member()).isNotEqualTo(next);
        }
    }

    /** Opens more until they are; each goes where the fewest are. */
    private void awaitOnEveryMember(BatonDataSource source, List<Connection> connections) {
        String leader = cluster.awaitPrimary(PATIENCE);
        Map<String, Boolean> expected = new TreeMap<>();
        cluster.members().forEach(member -> expected.put(member, !member.equals(leader)));
        await().atMost(PATIENCE).untilAsserted(() -> {
            connections.add(connection(source));
            assertThat(answers(connections)).isEqualTo(expected);
        });
    }

    /** Which members answer, and whether each says that it is a standby. */
    private Map<String, Boolean> answers(List<Connection> connections) throws SQLException {
        Map<String, Boolean> answers = new TreeMap<>();
        for (Connection connection : connections) {
            Answer answer = askAgain(connection);
            answers.put(answer.member(), answer.standby());
        }
        return answers;
    }

    @Test
    void replicasAreFoundFitThoughTheRolesDefaultIsALevelThatNoStandbyHas() throws Exception {
        asSuperuser(primary, "ALTER ROLE " + cluster.user() + " SET default_transaction_isolation = 'serializable'");
        try {
            for (String replica : replicas()) {
                await().atMost(PATIENCE).until(() -> {
                    try (Connection direct = superuser(cluster.postgres(replica));
                            Statement statement = direct.createStatement();
                            ResultSet row = statement.executeQuery(
                                    "SELECT count(*) FROM pg_db_role_setting WHERE 'default_transaction_isolation=serializable'"
                                            + " = ANY (setconfig)")) {
                        row.next();
                        return row.getInt(1) == 1;
                    }
                });
            }
            Connection connection = connection(source(Way.ETCD, "target=replica"));
            assertThatThrownBy(() -> ask(connection))
                    .isInstanceOfSatisfying(
                            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("0A000"));
            connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            assertThat(ask(connection).standby()).isTrue();
        } finally {
            asSuperuser(primary, "ALTER ROLE " + cluster.user() + " RESET default_transaction_isolation");
        }
    }

    @Test
    void wrongPasswordIsToldAtOnce() {
        BatonDataSource source = source(Way.ETCD, "target=replica", "failoverTimeout=60s");
        source.setPassword("wrong");
        assertThatThrownBy(source::getConnection)
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("28P01"));
    }

    @Test
    void readsAndWritesGoOnThroughAFailoverEachWhereItBelongs() throws Exception {
        try (Connection connection = source(Way.ETCD).getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE IF NOT EXISTS routed (a bigserial, standby bool)");
        }
        BatonDataSource writes = source(Way.ETCD, "target=primary");
        BatonDataSource reads = source(Way.ETCD, "target=replica");
        awaitOn(reads, replicas());
        AtomicBoolean stop = new AtomicBoolean();
        AtomicInteger read = new AtomicInteger();
        AtomicInteger written = new AtomicInteger();
        List<CompletableFuture<Integer>> readers = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            Connection connection = connection(reads);
            readers.add(running("reader-" + i, () -> {
                int wrong = 0;
                boolean before = true;
                while (!stop.get()) {
                    boolean standby;
                    try {
                        standby = ask(connection).standby();
                    } catch (StatementUnknownException e) {
                        // Its replica was restarted under it: a read is run again.
                        continue;
                    }
                    assertThat(before || standby)
                            .as("two reads in a row on a primary")
                            .isTrue();
                    wrong += standby ? 0 : 1;
                    before = standby;
                    read.incrementAndGet();
                }
                return wrong;
            }));
        }
        Connection writer = connection(writes);
        writer.setAutoCommit(false);
        CompletableFuture<Integer> writing = running("writer", () -> {
            while (!stop.get()) {
                try (Statement statement = writer.createStatement()) {
                    statement.execute("INSERT INTO routed (standby) VALUES (pg_is_in_recovery())");
                    writer.commit();
                    written.incrementAndGet();
                } catch (SQLException e) {
                    // Without a ledger a COMMIT in doubt is told; that is not what is asked here.
                    assertThat(e.getSQLState()).isIn("08007", "40001");
                    writer.rollback();
                }
            }
            return 0;
        });
        await().atMost(PATIENCE).until(() -> read.get() > 50 && written.get() > 10);

        cluster.kill(primary);
        await().atMost(PATIENCE)
                .until(() ->
                        cluster.leader().filter(now -> !now.equals(primary)).isPresent());
        cluster.awaitPrimary(PATIENCE);

        int readBefore = read.get();
        int writtenBefore = written.get();
        await().atMost(PATIENCE).until(() -> read.get() > readBefore + 50 && written.get() > writtenBefore + 10);
        stop.set(true);
        writing.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        int wrong = 0;
        for (CompletableFuture<Integer> reader : readers) {
            wrong += reader.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        }
        // Each session may have one statement on its way while its member is promoted.
        assertThat(wrong).as("reads on a primary, of %s", read).isLessThanOrEqualTo(readers.size());
        System.out.println("reads: " + read + ", on a primary: " + wrong + "; writes: " + written);
        try (Connection connection = writes.getConnection();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT count(*) FROM routed WHERE standby")) {
            row.next();
            assertThat(row.getInt(1)).isZero();
        }
    }

    private interface Body {
        int run() throws SQLException;
    }

    private CompletableFuture<Integer> running(String name, Body body) {
        return CompletableFuture.supplyAsync(
                () -> {
                    try {
                        return body.run();
                    } catch (SQLException e) {
                        throw new IllegalStateException(name + ": " + e.getMessage(), e);
                    }
                },
                task -> {
                    Thread thread = new Thread(task, name);
                    thread.setDaemon(true);
                    thread.start();
                });
    }
}
