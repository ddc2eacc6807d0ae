package io.github.pgbaton.failover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.BatonDataSource;
import io.github.pgbaton.event.FailoverEvent;
import io.github.pgbaton.failover.Calls.Call;
import io.github.pgbaton.testkit.PatroniCluster;
import io.github.pgbaton.testkit.PatroniClusterExtension;
import java.net.InetSocketAddress;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Every moment of a connection's life, through every way to lose a primary, on a real cluster with the leader in etcd. */
@Timeout(300)
class FollowThePrimaryIT {
    private static final long PATIENCE = 120;
    private static final Duration SPARE = Duration.ofSeconds(1);

    @RegisterExtension
    static final PatroniClusterExtension CLUSTER = Clusters.quick();

    /** How the primary is lost. */
    enum Fault {
        KILL {
            @Override
            void inject(PatroniCluster cluster, String primary) {
                cluster.kill(primary);
            }
        },
        FREEZE {
            @Override
            void inject(PatroniCluster cluster, String primary) {
                cluster.freeze(primary);
            }
        },
        SWITCHOVER {
            @Override
            void inject(PatroniCluster cluster, String primary) {
                cluster.switchover(cluster.syncStandby().orElseThrow());
            }
        };

        abstract void inject(PatroniCluster cluster, String primary);
    }

    private PatroniCluster cluster;
    private BatonDataSource source;
    private String primary;

    @BeforeEach
    void open() throws SQLException {
        cluster = CLUSTER.cluster();
        source = Clusters.dataSource(cluster, Clusters.ON_ITS_OWN);
        primary = cluster.awaitPrimary(Duration.ofSeconds(PATIENCE));
        await().atMost(Duration.ofSeconds(PATIENCE)).until(() -> cluster.truth().isWritable(primary));
        try (Connection connection = source.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE IF NOT EXISTS log (entry text)");
            statement.execute("TRUNCATE log");
        }
    }

    @AfterEach
    void close() {
        source.close();
    }

    @Test
    void connectsToThePrimary() throws SQLException {
        try (Connection connection = source.getConnection()) {
            assertThat(memberOf(connection)).isEqualTo(primary);
        }
    }

    @ParameterizedTest
    @EnumSource(Fault.class)
    void everyConnectionGoesOnAtTheNewPrimary(Fault fault) throws Exception {
        InetSocketAddress old = cluster.postgres(primary);
        int timeline = timeline();
        try (RecordedEvents events = new RecordedEvents(cluster);
                BatonDataSource verified = Clusters.dataSource(cluster);
                Connection replayed = verified.getConnection();
                Connection idle = source.getConnection();
                Connection resting = source.getConnection();
                Connection inside = source.getConnection();
                Connection reading = source.getConnection()) {
            memberOf(resting);
            idle.setAutoCommit(false);
            PreparedStatement kept = idle.prepareStatement("INSERT INTO log VALUES (?)");
            insert(kept, "idle before");
            idle.commit();
            inside.setAutoCommit(false);
            insert(inside, "inside, never committed");
            replayed.setAutoCommit(false);
            insert(replayed, "replayed, first half");
            reading.setAutoCommit(false);
            insert(reading, "reading, never committed");
            Call<Boolean> read =
                    Calls.start("reading", () -> reading.createStatement().execute("SELECT pg_sleep(600)"));
            awaitBackend("SELECT pg_sleep(600)");

            Instant struck = Instant.now();
            Call<Void> injected = Calls.start("fault", () -> {
                fault.inject(cluster, primary);
                return null;
            });
            // From here on the old primary answers nothing, so no COMMIT of what follows can be in doubt.
            await().atMost(Duration.ofSeconds(PATIENCE))
                    .until(() -> !cluster.truth().isWritable(primary));
            Call<Connection> opening = Calls.start("opening", source::getConnection);
            AtomicReference<Instant> idleBegan = new AtomicReference<>(Instant.MAX);
            Call<Void> idleCall = Calls.start("idle", () -> {
                idleBegan.set(Instant.now());
                insert(kept, "idle after");
                idle.commit();
                return null;
            });

            try (Connection opened = opening.await(PATIENCE)) {
                injected.await(PATIENCE);
                idleCall.await(PATIENCE);
                assertThat(read.sqlState(PATIENCE))
                        .as("a read blocked inside a transaction")
                        .isEqualTo("40001");
                String now = cluster.awaitPrimary(Duration.ofSeconds(PATIENCE));
                assertThat(now).isNotEqualTo(primary);

                assertThat(sqlState(() -> insert(inside, "inside, second half")))
                        .isEqualTo("40001");
                inside.rollback();
                insert(inside, "inside, again");
                inside.commit();

                insert(replayed, "replayed, second half");
                replayed.commit();

                // Opened while the old primary was still there, it may have been moved since.
                assertThat(memberOf(opened)).isEqualTo(now);
                assertThat(memberOf(resting)).isEqualTo(now);
                assertThat(memberOf(idle)).isEqualTo(now);
                assertThat(entries(resting))
                        .containsExactlyInAnyOrder(
                                "idle before",
                                "idle after",
                                "inside, again",
                                "replayed, first half",
                                "replayed, second half");
                await().atMost(Duration.ofSeconds(10))
                        .untilAsserted(() -> assertThat(OpenSockets.to(old)).isZero());
                await().atMost(Duration.ofSeconds(PATIENCE))
                        .untilAsserted(() -> tellsOfOneFailover(events, fault, now, timeline));
                tellsHowLong(events, fault, struck, idleBegan.get());
            }
        }
    }

    /** From the loss, or the hold before it, to the primary that takes writes; each session moves by itself. */
    private void tellsOfOneFailover(RecordedEvents events, Fault fault, String now, int timeline) {
        if (fault == Fault.SWITCHOVER) {
            List<? extends FailoverEvent> holds =
                    events.only(FailoverEvent.HoldStarted.class, FailoverEvent.HoldEnded.class);
            assertThat(holds).hasSize(2);
            assertThat(holds.get(0)).isInstanceOf(FailoverEvent.HoldStarted.class);
            assertThat(holds.get(1))
                    .isInstanceOfSatisfying(
                            FailoverEvent.HoldEnded.class,
                            ended -> assertThat(ended.switched()).isTrue());
        } else {
            assertThat(events.of(FailoverEvent.LeaderLost.class)).hasSize(1);
        }
        List<String> order = events.all().stream()
                .map(event -> event.getClass().getSimpleName())
                .distinct()
                .toList();
        assertThat(order)
                .containsSubsequence(
                        fault == Fault.SWITCHOVER ? "HoldStarted" : "LeaderLost", "LeaderElected", "PrimaryWritable");
        assertThat(events.of(FailoverEvent.LeaderElected.class))
                .extracting(FailoverEvent.LeaderElected::member)
                .containsExactly(now);
        assertThat(events.of(FailoverEvent.PrimaryWritable.class))
                .singleElement()
                .satisfies(writable -> {
                    assertThat(writable.member()).isEqualTo(now);
                    assertThat(writable.timeline()).isEqualTo(timeline + 1);
                    assertThat(writable.sinceLost()).isPositive();
                });
        String from = address(primary);
        String to = address(now);
        assertThat(events.of(FailoverEvent.SessionMoved.class)).anySatisfy(moved -> {
            assertThat(moved.from()).hasToString(from);
            assertThat(moved.to()).hasToString(to);
        });
    }

    /**
     * Each duration against the times of what it lies between, which are taken by another clock: with a second to spare. Some
     * of them are known to the test itself.
     */
    private void tellsHowLong(RecordedEvents events, Fault fault, Instant struck, Instant idleBegan) {
        Duration all = Duration.between(struck, Instant.now());
        Instant elected = events.of(FailoverEvent.LeaderElected.class).get(0).at();
        FailoverEvent.PrimaryWritable writable =
                events.of(FailoverEvent.PrimaryWritable.class).get(0);
        Instant begun = (fault == Fault.SWITCHOVER
                        ? events.of(FailoverEvent.HoldStarted.class).get(0)
                        : events.of(FailoverEvent.LeaderLost.class).get(0))
                .at();
        assertThat(begun).isAfterOrEqualTo(struck);
        assertThat(writable.sinceLost())
                .isBetween(
                        Duration.between(begun, writable.at()).minus(SPARE),
                        Duration.between(begun, writable.at()).plus(SPARE));
        for (FailoverEvent.HoldEnded ended : events.of(FailoverEvent.HoldEnded.class)) {
            // From when there was something to hold back, which is not before it was announced.
            assertThat(ended.held())
                    .isBetween(
                            Duration.ZERO, Duration.between(begun, ended.at()).plus(SPARE));
        }
        Duration longest = events.of(FailoverEvent.SessionMoved.class).stream()
                .map(FailoverEvent.SessionMoved::waited)
                .max(Comparator.naturalOrder())
                .orElseThrow();
        assertThat(longest).isPositive().isLessThanOrEqualTo(all);
        if (fault == Fault.KILL) {
            // Its socket is closed, and nobody leads: the call waits for nothing but the next leader.
            assertThat(longest)
                    .isGreaterThan(Duration.between(idleBegan, elected).dividedBy(2));
        }
        int aborted = events.of(FailoverEvent.SessionsAborted.class).stream()
                .mapToInt(FailoverEvent.SessionsAborted::count)
                .sum();
        // Of a frozen member each is open still; otherwise those whose connection has not looked at them yet.
        assertThat(aborted).isBetween(fault == Fault.FREEZE ? 4 : 1, 50);
    }

    private String address(String member) {
        InetSocketAddress address = cluster.postgres(member);
        return address.getAddress().getHostAddress() + ":" + address.getPort();
    }

    private int timeline() throws SQLException {
        try (Connection connection = source.getConnection();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(
                        "SELECT ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int")) {
            row.next();
            return row.getInt(1);
        }
    }

    @Test
    void readBlockedOnAFrozenPrimaryIsReleasedWhenTheLeaderChanges() throws Exception {
        try (BatonDataSource pushed = Clusters.pushOnly(cluster);
                Connection reading = pushed.getConnection();
                Connection committing = pushed.getConnection()) {
            reading.setAutoCommit(false);
            insert(reading, "never committed");
            committing.setAutoCommit(false);
            insert(committing, "in doubt");
            cluster.freeze(primary);
            Call<Integer> read = Calls.start("read", () -> insert(reading, "blocked"));
            Call<Void> commit = Calls.start("commit", () -> {
                committing.commit();
                return null;
            });
            await().atMost(Duration.ofSeconds(PATIENCE)).until(() -> {
                boolean released = read.isDone() || commit.isDone();
                boolean unchanged = cluster.leader().filter(primary::equals).isPresent();
                assertThat(released && unchanged)
                        .as("released although the old leader still holds the key")
                        .isFalse();
                return !unchanged && cluster.leader().isPresent();
            });
            // Socket time-outs and knocks are off: nothing but the news releases them.
            assertThat(read.sqlState(20)).isEqualTo("40001");
            assertThat(commit.sqlState(20)).isEqualTo("08007");
            committing.rollback();
            reading.rollback();
            assertThat(entries(committing)).doesNotContain("never committed", "blocked");
        }
    }

    @Test
    void postgresRestartedInPlaceIsWaitedFor() throws Exception {
        try (Connection idle = source.getConnection()) {
            memberOf(idle);
            idle.setAutoCommit(false);
            cluster.killPostgres(primary);
            insert(idle, "after the restart");
            idle.commit();
            assertThat(entries(idle)).containsExactly("after the restart");
        }
    }

    @Test
    void withoutAnyPrimaryTheDeadlineTellsWhatWasSeen() throws Exception {
        cluster.stopAllEtcd();
        for (String member : cluster.members()) {
            cluster.kill(member);
        }
        try (BatonDataSource impatient = Clusters.dataSource(cluster, "failoverTimeout=5s")) {
            assertThatThrownBy(impatient::getConnection)
                    .isInstanceOfSatisfying(
                            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("08001"))
                    .hasMessageContaining("failoverTimeout")
                    .hasMessageContainingAll(addresses())
                    .hasMessageNotContaining(cluster.password() + "&");
        }
    }

    private CharSequence[] addresses() {
        return cluster.members().stream()
                .map(this::address)
                .collect(Collectors.toList())
                .toArray(CharSequence[]::new);
    }

    /** Waits until the server runs a statement, which a client cannot see from its own side. */
    private void awaitBackend(String sql) throws SQLException {
        try (Connection watcher = source.getConnection();
                PreparedStatement running = watcher.prepareStatement(
                        "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query = ?")) {
            running.setString(1, sql);
            await().atMost(Duration.ofSeconds(PATIENCE)).until(() -> {
                try (ResultSet row = running.executeQuery()) {
                    return row.next() && row.getInt(1) > 0;
                }
            });
        }
    }

    private interface SqlCall {
        void run() throws SQLException;
    }

    private static String sqlState(SqlCall call) {
        try {
            call.run();
            return "none";
        } catch (SQLException e) {
            return String.valueOf(e.getSQLState());
        }
    }

    private static int insert(Connection connection, String entry) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement("INSERT INTO log VALUES (?)")) {
            return insert(statement, entry);
        }
    }

    private static int insert(PreparedStatement statement, String entry) throws SQLException {
        statement.setString(1, entry);
        return statement.executeUpdate();
    }

    private static List<String> entries(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("SELECT entry FROM log")) {
            List<String> entries = new ArrayList<>();
            while (rows.next()) {
                entries.add(rows.getString(1));
            }
            return entries;
        }
    }

    private String memberOf(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT host(inet_server_addr()), inet_server_port()")) {
            row.next();
            String host = row.getString(1);
            int port = row.getInt(2);
            return cluster.members().stream()
                    .filter(member -> cluster.postgres(member)
                                    .getAddress()
                                    .getHostAddress()
                                    .equals(host)
                            && cluster.postgres(member).getPort() == port)
                    .findFirst()
                    .orElseThrow();
        }
    }
}
