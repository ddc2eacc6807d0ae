package io.github.pgbaton.failover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.BatonDataSource;
import io.github.pgbaton.event.FailoverEvent;
import io.github.pgbaton.event.FailoverListener;
import io.github.pgbaton.event.FailoverListeners;
import io.github.pgbaton.testkit.PatroniCluster;
import io.github.pgbaton.testkit.PatroniClusterExtension;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A primary that lost its lock and takes writes all the same gets none of ours, on a real cluster. */
@Timeout(300)
class ZombieIT {
    private static final Duration PATIENCE = Duration.ofSeconds(120);
    private static final int WRITERS = 2;

    @RegisterExtension
    static final PatroniClusterExtension CLUSTER = Clusters.quick();

    /** How a primary becomes a zombie, and comes back. */
    enum Fault {
        PATRONI_FREEZES {
            @Override
            void inject(PatroniCluster cluster, String primary) {
                cluster.freezePatroni(primary);
            }

            @Override
            void undo(PatroniCluster cluster, String primary) {
                cluster.resumePatroni(primary);
            }
        },
        MEMBER_FREEZES {
            @Override
            void inject(PatroniCluster cluster, String primary) {
                cluster.freeze(primary);
            }

            @Override
            void undo(PatroniCluster cluster, String primary) {
                cluster.resume(primary);
            }
        };

        abstract void inject(PatroniCluster cluster, String primary);

        abstract void undo(PatroniCluster cluster, String primary);
    }

    /** How the driver learns who leads. */
    enum Source {
        ETCD {
            @Override
            BatonDataSource of(PatroniCluster cluster, String... more) {
                return Clusters.dataSource(cluster, more);
            }
        },
        /** One of the three endpoints is the zombie's own. */
        REST {
            @Override
            BatonDataSource of(PatroniCluster cluster, String... more) {
                return Clusters.restOnly(cluster, more);
            }
        };

        abstract BatonDataSource of(PatroniCluster cluster, String... more);
    }

    /** An acknowledged write: by whom and on which timeline. */
    private record Write(long id, boolean durable, long beganNanos, String server, int timeline) {}

    private final Queue<Write> acknowledged = new ConcurrentLinkedQueue<>();
    private final AtomicLong ids = new AtomicLong();
    private final AtomicBoolean stop = new AtomicBoolean();
    private final AtomicBoolean tookTheLockBack = new AtomicBoolean();
    private final AtomicLong newerKnownNanos = new AtomicLong();
    private final List<Calls.Call<Void>> writers = new ArrayList<>();

    private PatroniCluster cluster;
    private BatonDataSource durable;
    private BatonDataSource local;
    private String zombie;
    private FailoverListener listener;

    private void open(Source from) throws SQLException {
        cluster = CLUSTER.cluster();
        durable = from.of(cluster);
        // Acknowledged without any standby, as a zombie would do with ours.
        local = from.of(cluster, "connectionInitSql=SET synchronous_commit TO local");
        zombie = cluster.awaitPrimary(PATIENCE);
        await().atMost(PATIENCE).until(() -> cluster.truth().isWritable(zombie));
        try (Connection connection = durable.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE IF NOT EXISTS writes (id bigint PRIMARY KEY)");
            statement.execute("TRUNCATE writes");
        }
        String name = cluster.namespace() + "/" + cluster.scope();
        listener = event -> {
            if (event instanceof FailoverEvent.LeaderElected elected
                    && event.cluster().equals(name)
                    && !elected.member().equals(zombie)) {
                newerKnownNanos.compareAndSet(0, System.nanoTime());
            }
        };
        FailoverListeners.add(listener);
    }

    @AfterEach
    void close() {
        stop.set(true);
        FailoverListeners.remove(listener);
        durable.close();
        local.close();
    }

    private void write(BatonDataSource source, boolean isDurable) throws SQLException, InterruptedException {
        try (Connection connection = source.getConnection();
                PreparedStatement insert = connection.prepareStatement("INSERT INTO writes VALUES (?) RETURNING"
                        + " host(inet_server_addr()) || ':' || inet_server_port(),"
                        + " ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int")) {
            while (!stop.get()) {
                long id = ids.incrementAndGet();
                insert.setLong(1, id);
                long began = System.nanoTime();
                try (ResultSet row = insert.executeQuery()) {
                    row.next();
                    acknowledged.add(new Write(id, isDurable, began, row.getString(1), row.getInt(2)));
                } catch (SQLException e) {
                    // In doubt, lost or not sent: acknowledged it was not.
                    assertThat(e.getSQLState()).isIn("40003", "08001");
                }
                Thread.sleep(2);
            }
        }
    }

    private String addressOf(String member) {
        return cluster.postgres(member).getAddress().getHostAddress() + ":"
                + cluster.postgres(member).getPort();
    }

    /** Whether a write was acknowledged that began after now, by another member than the zombie. */
    private void awaitWritesElsewhere() {
        long now = System.nanoTime();
        String at = addressOf(zombie);
        await().atMost(PATIENCE)
                .until(() -> acknowledged.stream()
                        .filter(write -> write.beganNanos - now > 0 && !write.server.equals(at))
                        .anyMatch(Write::durable));
    }

    @ParameterizedTest
    @CsvSource({"ETCD, PATRONI_FREEZES", "REST, MEMBER_FREEZES"})
    void getsNoWriteOnceTheNewerLeaderIsKnown(Source source, Fault fault) throws Exception {
        becomesAndComesBack(source, fault);
    }

    @Tag("full")
    @ParameterizedTest
    @CsvSource({"ETCD, MEMBER_FREEZES", "REST, PATRONI_FREEZES"})
    void getsNoWriteWhicheverWayItIsKnown(Source source, Fault fault) throws Exception {
        becomesAndComesBack(source, fault);
    }

    private void becomesAndComesBack(Source source, Fault fault) throws Exception {
        open(source);
        for (int i = 0; i < WRITERS; i++) {
            writers.add(Calls.start("durable-" + i, () -> {
                write(durable, true);
                return null;
            }));
            writers.add(Calls.start("local-" + i, () -> {
                write(local, false);
                return null;
            }));
        }
        await().atMost(PATIENCE).until(() -> acknowledged.size() > 50);
        int before = acknowledged.stream().mapToInt(Write::timeline).max().orElseThrow();

        fault.inject(cluster, zombie);
        await("a newer leader").atMost(PATIENCE).until(() -> newerKnownNanos.get() != 0);
        awaitWritesElsewhere();
        if (fault == Fault.PATRONI_FREEZES) {
            assertThat(cluster.truth().isWritable(zombie))
                    .as("the zombie takes writes, of whoever still asks it")
                    .isTrue();
        }
        nothingIsOnTheZombieAlone(before);
        fault.undo(cluster, zombie);
        awaitTheEndOfIt(before);
        stop.set(true);
        for (Calls.Call<Void> writer : writers) {
            writer.await(PATIENCE.toSeconds());
        }

        String at = addressOf(zombie);
        assertThat(acknowledged)
                .as("begun after the newer leader was known, and acknowledged by the zombie")
                .noneMatch(write -> write.beganNanos - newerKnownNanos.get() > 0
                        && write.server.equals(at)
                        && write.timeline <= before);
        if (tookTheLockBack.get()) {
            // Patroni itself goes back to the past (see PatroniCluster#resume) and drops what was acknowledged since.
            // That none of our writes went there is all that a client can do.
            return;
        }
        nothingIsOnTheZombieAlone(before);
        assertThat(OpenSockets.to(cluster.postgres(zombie)))
                .as("sockets to who is a replica now, or the primary again by an election")
                .satisfiesAnyOf(
                        open -> assertThat(open).isZero(),
                        open -> assertThat(cluster.leader()).contains(zombie));
    }

    /** What was acknowledged is on the primary of now; without a standby's word only what the new one acknowledged. */
    private void nothingIsOnTheZombieAlone(int before) throws SQLException {
        List<Write> soFar = List.copyOf(acknowledged);
        Set<Long> there = stored();
        assertThat(soFar)
                .as("acknowledged, and on the zombie alone")
                .filteredOn(write -> write.durable || write.timeline > before)
                .allMatch(write -> there.contains(write.id));
    }

    /** Until the zombie is a healthy replica and writes go on, or until it has taken the lock back instead. */
    private void awaitTheEndOfIt(int before) {
        await("a healthy replica").atMost(PATIENCE).until(() -> tookTheLockBack() || isReplicaAgain());
        long now = System.nanoTime();
        await("a write on the newer timeline")
                .atMost(PATIENCE)
                .until(() -> tookTheLockBack()
                        || acknowledged.stream()
                                .anyMatch(write ->
                                        write.beganNanos - now > 0 && write.durable && write.timeline > before));
    }

    /** Asks etcd, and not the driver: over REST it takes no notice of a leader whose timeline is over. */
    private boolean tookTheLockBack() {
        if (cluster.leader().filter(zombie::equals).isPresent()) {
            tookTheLockBack.set(true);
        }
        return tookTheLockBack.get();
    }

    private boolean isReplicaAgain() {
        try {
            cluster.awaitHealthy(Duration.ofSeconds(1));
            return true;
        } catch (RuntimeException e) {
            return false;
        }
    }

    private Set<Long> stored() throws SQLException {
        Set<Long> ids = new HashSet<>();
        try (Connection connection = durable.getConnection();
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("SELECT id FROM writes")) {
            while (rows.next()) {
                ids.add(rows.getLong(1));
            }
        }
        return ids;
    }
}
