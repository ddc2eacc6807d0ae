package io.github.pgbaton.failover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.BatonDataSource;
import io.github.pgbaton.event.FailoverEvent;
import io.github.pgbaton.failover.Calls.Call;
import io.github.pgbaton.internal.outcome.LedgerSql;
import io.github.pgbaton.testkit.PatroniCluster;
import io.github.pgbaton.testkit.PatroniClusterExtension;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** An announced switchover of a real cluster, as short transactions see it: a pause and no error. */
@Timeout(300)
class AnnouncedSwitchoverIT {
    private static final Duration PATIENCE = Duration.ofSeconds(120);
    private static final int WRITERS = 4;

    @RegisterExtension
    static final PatroniClusterExtension CLUSTER = Clusters.quick();

    private final AtomicBoolean stop = new AtomicBoolean();
    private final Queue<String> acknowledged = new ConcurrentLinkedQueue<>();
    private final Queue<String> failed = new ConcurrentLinkedQueue<>();

    @Test
    void isOnePauseAndNoErrorForShortTransactionsWithoutReplay() throws Exception {
        try (BatonDataSource source = Clusters.dataSource(CLUSTER.cluster(), Clusters.ON_ITS_OWN);
                RecordedEvents events = new RecordedEvents(CLUSTER.cluster())) {
            switchOverUnderWriters(source);

            await().atMost(PATIENCE)
                    .until(() -> !events.of(FailoverEvent.HoldEnded.class).isEmpty());
            List<? extends FailoverEvent> holds =
                    events.only(FailoverEvent.HoldStarted.class, FailoverEvent.HoldEnded.class);
            assertThat(holds).as("one pause").hasSize(2);
            assertThat(holds.get(0)).isInstanceOf(FailoverEvent.HoldStarted.class);
            assertThat(((FailoverEvent.HoldEnded) holds.get(1)).switched()).isTrue();
        }
    }

    @Test
    void isNoErrorForTransactionsThatAreNotHeldBecauseTheyAreReplayed() throws Exception {
        PatroniCluster cluster = CLUSTER.cluster();
        cluster.awaitPrimary(PATIENCE);
        try (BatonDataSource creator = Clusters.dataSource(cluster, Clusters.ON_ITS_OWN)) {
            execute(creator, LedgerSql.create(LedgerSql.DEFAULT_RETENTION, List.of()));
        }
        try (BatonDataSource source = Clusters.dataSource(cluster, "replay=verified", "commitOutcome=ledger")) {
            switchOverUnderWriters(source);
        }
    }

    private void switchOverUnderWriters(BatonDataSource source) throws Exception {
        PatroniCluster cluster = CLUSTER.cluster();
        String primary = cluster.awaitPrimary(PATIENCE);
        execute(source, "CREATE TABLE IF NOT EXISTS held (key text)");
        execute(source, "TRUNCATE held");
        try {
            List<Call<Void>> writers = IntStream.range(0, WRITERS)
                    .mapToObj(writer -> Calls.<Void>start("writer-" + writer, () -> {
                        write(source, "writer-" + writer + "-");
                        return null;
                    }))
                    .toList();
            await().atMost(PATIENCE).until(() -> acknowledged.size() > 20 * WRITERS);

            cluster.switchover(cluster.syncStandby().orElseThrow());
            assertThat(cluster.awaitPrimary(PATIENCE)).isNotEqualTo(primary);
            int before = acknowledged.size();
            await().atMost(PATIENCE).until(() -> acknowledged.size() > before + 20 * WRITERS);
            stop.set(true);
            for (Call<Void> writer : writers) {
                writer.await(PATIENCE.toSeconds());
            }

            assertThat(failed).isEmpty();
            assertThat(stored(source)).containsExactlyInAnyOrderElementsOf(acknowledged);
        } finally {
            stop.set(true);
        }
    }

    private void write(BatonDataSource source, String prefix) throws SQLException {
        try (Connection connection = source.getConnection();
                PreparedStatement insert = connection.prepareStatement("INSERT INTO held VALUES (?)")) {
            connection.setAutoCommit(false);
            for (int i = 0; !stop.get(); i++) {
                try {
                    insert.setString(1, prefix + i);
                    insert.executeUpdate();
                    connection.commit();
                    acknowledged.add(prefix + i);
                } catch (SQLException e) {
                    failed.add(e.getSQLState() + " " + e.getMessage());
                    connection.rollback();
                }
            }
        }
    }

    private static void execute(BatonDataSource source, String sql) throws SQLException {
        try (Connection connection = source.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static List<String> stored(BatonDataSource source) throws SQLException {
        try (Connection connection = source.getConnection();
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("SELECT key FROM held")) {
            List<String> keys = new ArrayList<>();
            while (rows.next()) {
                keys.add(rows.getString(1));
            }
            return keys;
        }
    }
}
