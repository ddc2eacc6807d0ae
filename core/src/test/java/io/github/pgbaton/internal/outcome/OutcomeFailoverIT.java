package io.github.pgbaton.internal.outcome;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.config.CommitMode;
import io.github.pgbaton.config.ConnectionSpec;
import io.github.pgbaton.internal.outcome.CommitResult.Committed;
import io.github.pgbaton.internal.outcome.CommitResult.InDoubt;
import io.github.pgbaton.internal.probe.Deadline;
import io.github.pgbaton.internal.probe.OpenSession;
import io.github.pgbaton.internal.routing.ClusterRef;
import io.github.pgbaton.testkit.PatroniCluster;
import io.github.pgbaton.testkit.PatroniClusterExtension;
import java.net.URI;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Writers commit on a real cluster that is broken under them; afterwards each answer is compared with the table. */
@Timeout(600)
class OutcomeFailoverIT {
    private static final Duration PATIENCE = Duration.ofSeconds(120);
    private static final int WRITERS = 6;

    @RegisterExtension
    static final PatroniClusterExtension CLUSTER = PatroniClusterExtension.local(builder ->
            builder.ttl(Duration.ofSeconds(10)).loopWait(Duration.ofSeconds(1)).retryTimeout(Duration.ofSeconds(3)));

    private final AtomicInteger ids = new AtomicInteger();
    private final AtomicBoolean stop = new AtomicBoolean();
    private final Set<Integer> applied = ConcurrentHashMap.newKeySet();
    private final Set<Integer> notApplied = ConcurrentHashMap.newKeySet();
    /** How each answer came about, for the message of a failure. */
    private final Map<Integer, String> how = new ConcurrentHashMap<>();

    private final AtomicInteger doubts = new AtomicInteger();
    private final List<String> unknown = new CopyOnWriteArrayList<>();

    @ParameterizedTest
    @EnumSource(names = {"LEDGER", "XID"})
    void everyAnswerIsTrueAfterTheFailoversToo(CommitMode mode) throws Exception {
        PatroniCluster cluster = CLUSTER.cluster();
        ClusterRef ref = prepare(cluster, mode);
        List<Thread> writers = new ArrayList<>();
        for (int i = 0; i < WRITERS; i++) {
            Thread writer = new Thread(() -> write(ref), "writer-" + i);
            writer.start();
            writers.add(writer);
        }
        try {
            awaitProgress();
            cluster.kill(cluster.awaitPrimary(PATIENCE));
            awaitProgress();
            cluster.restore(PATIENCE);
            cluster.killPostgres(cluster.awaitPrimary(PATIENCE));
            awaitProgress();
            cluster.awaitHealthy(PATIENCE);
            cluster.switchover(cluster.syncStandby().orElseThrow());
            awaitProgress();
        } finally {
            stop.set(true);
            for (Thread writer : writers) {
                writer.join(PATIENCE.toMillis());
            }
            ref.release();
        }

        Set<Integer> rows = rows(cluster);
        if (mode == CommitMode.LEDGER) {
            assertThat(unknown).isEmpty();
        } else {
            // PostgreSQL that was started again in place proves nothing.
            assertThat(unknown)
                    .allSatisfy(reason -> assertThat(reason)
                            .containsAnyOf("may have been given again", "calls its transaction id committed"));
        }
        assertThat(applied)
                .filteredOn(id -> !rows.contains(id))
                .extracting(how::get)
                .isEmpty();
        assertThat(notApplied).filteredOn(rows::contains).extracting(how::get).isEmpty();
        assertThat(applied).hasSizeGreaterThan(WRITERS * 4);
        // Otherwise nothing was cut off, and nothing shown.
        assertThat(doubts).hasPositiveValue();
    }

    private ClusterRef prepare(PatroniCluster cluster, CommitMode mode) throws SQLException {
        try (Connection admin = connect(cluster)) {
            LedgerBench.run(admin, "DROP SCHEMA IF EXISTS pgbaton CASCADE");
            LedgerBench.run(admin, LedgerSql.create(LedgerSql.DEFAULT_RETENTION, List.of()));
            LedgerBench.run(admin, "DROP TABLE IF EXISTS work");
            LedgerBench.run(admin, "CREATE TABLE work (id int)");
            LedgerBench.run(admin, "GRANT ALL ON work TO PUBLIC");
        }
        String rest = cluster.members().stream()
                .map(cluster::rest)
                .map(URI::toString)
                .map(uri -> uri.replaceAll("/$", ""))
                .collect(Collectors.joining(","));
        return ClusterRef.acquire(ConnectionSpec.parse(
                "jdbc:pgbaton:postgresql:///" + cluster.database() + "?patroni=" + rest + "&user=" + cluster.user()
                        + "&password=" + cluster.password() + "&failoverTimeout=120s&commitOutcome="
                        + mode.name().toLowerCase(Locale.ROOT),
                null));
    }

    private void awaitProgress() {
        int from = applied.size();
        await().atMost(PATIENCE).until(() -> applied.size() > from + WRITERS * 20);
    }

    private void write(ClusterRef ref) {
        @Nullable OpenSession session = null;
        @Nullable Committer committer = null;
        while (!stop.get()) {
            int id = ids.incrementAndGet();
            try {
                if (session == null || committer == null) {
                    session = ref.open(Deadline.in(PATIENCE));
                    committer = Committer.open(ref, session);
                    session.connection().setAutoCommit(false);
                }
                LedgerBench.run(session.connection(), "INSERT INTO work VALUES (" + id + ")");
            } catch (SQLException e) {
                // No COMMIT was sent.
                notApplied.add(id);
                drop(ref, session);
                session = null;
                continue;
            }
            CommitResult result = committer.commit(false);
            if (result instanceof Committed) {
                how.put(id, "acknowledged on " + session.address());
                applied.add(id);
                continue;
            }
            drop(ref, session);
            session = null;
            if (result instanceof InDoubt inDoubt) {
                doubts.incrementAndGet();
                resolve(ref, id, inDoubt.doubt());
            } else {
                notApplied.add(id);
            }
        }
        drop(ref, session);
    }

    private void resolve(ClusterRef ref, int id, Doubt doubt) {
        Resolution found = Resolver.resolve(ref, doubt, Deadline.in(PATIENCE), () -> false);
        how.put(id, doubt + " -> " + found + ", " + ref.history());
        if (found instanceof Resolution.Committed) {
            applied.add(id);
        } else if (found instanceof Resolution.Aborted) {
            notApplied.add(id);
        } else {
            unknown.add(String.valueOf(found));
        }
        drop(ref, found.session());
    }

    private static void drop(ClusterRef ref, @Nullable OpenSession session) {
        if (session != null) {
            ref.discard(session);
        }
    }

    private static Connection connect(PatroniCluster cluster) throws SQLException {
        String primary = cluster.awaitPrimary(PATIENCE);
        return DriverManager.getConnection(
                "jdbc:postgresql://" + cluster.postgres(primary).getHostString() + ":"
                        + cluster.postgres(primary).getPort() + "/" + cluster.database(),
                cluster.superuser(),
                cluster.superuserPassword());
    }

    private static Set<Integer> rows(PatroniCluster cluster) throws SQLException {
        Set<Integer> rows = new HashSet<>();
        try (Connection admin = connect(cluster);
                Statement statement = admin.createStatement();
                ResultSet row = statement.executeQuery("SELECT id FROM work")) {
            while (row.next()) {
                assertThat(rows.add(row.getInt(1))).isTrue();
            }
        }
        return rows;
    }
}
