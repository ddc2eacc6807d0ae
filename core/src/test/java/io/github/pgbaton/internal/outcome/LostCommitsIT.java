package io.github.pgbaton.internal.outcome;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.config.ConnectionSpec;
import io.github.pgbaton.event.FailoverEvent;
import io.github.pgbaton.event.FailoverEvent.CommitsAudited;
import io.github.pgbaton.event.FailoverEvent.LostCommit;
import io.github.pgbaton.event.FailoverListener;
import io.github.pgbaton.event.FailoverListeners;
import io.github.pgbaton.internal.outcome.CommitResult.Committed;
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
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A real cluster with asynchronous replication that loses commits it has acknowledged. */
@Timeout(300)
class LostCommitsIT {
    private static final Duration PATIENCE = Duration.ofSeconds(120);

    @RegisterExtension
    static final PatroniClusterExtension CLUSTER = PatroniClusterExtension.local(builder -> builder.members(2)
            .synchronousMode(false)
            .ttl(Duration.ofSeconds(10))
            .loopWait(Duration.ofSeconds(1))
            .retryTimeout(Duration.ofSeconds(3)));

    /** By the last commit with a token, just before it. */
    private @Nullable Told told;

    private final List<CommitsAudited> audits = new CopyOnWriteArrayList<>();

    @Test
    void commitsThatAFailoverLosesAreListedAndThoseThatItKeepsAreNot() throws Exception {
        PatroniCluster cluster = CLUSTER.cluster();
        String old = cluster.awaitPrimary(PATIENCE);
        try (Connection admin = connect(cluster, old)) {
            LedgerBench.run(admin, LedgerSql.create(LedgerSql.DEFAULT_RETENTION, List.of()));
            LedgerBench.run(admin, "CREATE TABLE work (id int PRIMARY KEY, note text)");
            LedgerBench.run(admin, "GRANT ALL ON work TO PUBLIC");
        }
        ClusterRef ledger = cluster(cluster, "ledger");
        ClusterRef xid = cluster(cluster, "xid");
        FailoverListener listener = this::heard;
        FailoverListeners.add(listener);
        try {
            UUID kept = commit(ledger, 1).token();
            Told thatIsKept = Objects.requireNonNull(told);
            commit(xid, 2);
            awaitReplicated(cluster, old);
            detachReplica(cluster, old);
            UUID lost = commit(ledger, 3).token();
            Told thatIsLost = Objects.requireNonNull(told);
            commit(xid, 4);
            cluster.kill(old);
            // Whoever connects next proves the new primary.
            OpenSession proven = ledger.open(Deadline.in(PATIENCE));
            assertThat(Continuity.proven(ledger, proven, thatIsKept, Deadline.in(PATIENCE)))
                    .isTrue();
            assertThat(Continuity.proven(ledger, proven, thatIsLost, Deadline.in(PATIENCE)))
                    .as("the WAL with the answer never reached the new primary")
                    .isFalse();
            close(ledger, proven);
            close(xid, xid.open(Deadline.in(PATIENCE)));
            await().atMost(PATIENCE).until(() -> audits.size() >= 2);

            String next = cluster.awaitPrimary(PATIENCE);
            try (Connection admin = connect(cluster, next)) {
                assertThat(value(admin, "SELECT string_agg(id::text, ',' ORDER BY id) FROM work"))
                        .as("the test needs a real loss")
                        .isEqualTo("1,2");
                LedgerBench.run(admin, "ALTER ROLE replicator LOGIN");
            }
            assertThat(audits).hasSize(2).allSatisfy(audit -> {
                assertThat(audit.lost()).hasSize(1);
                assertThat(audit.present()).isEqualTo(1);
                assertThat(audit.unknown()).isZero();
                assertThat(audit.moreMayBeLost()).isFalse();
                assertThat(audit.timeline()).isEqualTo(2);
            });
            List<LostCommit> all =
                    audits.stream().flatMap(audit -> audit.lost().stream()).toList();
            assertThat(all).extracting(LostCommit::token).contains(lost).doesNotContain(kept);
            assertThat(all)
                    .filteredOn(one -> one.token() == null)
                    .singleElement()
                    .satisfies(one -> assertThat(one.xid()).isNotNull());
        } finally {
            FailoverListeners.remove(listener);
            ledger.release();
            xid.release();
        }
    }

    private void heard(FailoverEvent event) {
        if (event instanceof CommitsAudited audit) {
            audits.add(audit);
        }
    }

    private static ClusterRef cluster(PatroniCluster cluster, String mode) throws SQLException {
        String rest = cluster.members().stream()
                .map(cluster::rest)
                .map(URI::toString)
                .map(uri -> uri.replaceAll("/$", ""))
                .collect(Collectors.joining(","));
        return ClusterRef.acquire(ConnectionSpec.parse(
                "jdbc:pgbaton:postgresql:///" + cluster.database() + "?patroni=" + rest + "&user="
                        // One user for each, as an audit is for a database and a user.
                        + (mode.equals("xid") ? cluster.superuser() : cluster.user()) + "&password="
                        + (mode.equals("xid") ? cluster.superuserPassword() : cluster.password())
                        + "&failoverTimeout=120s&commitOutcome=" + mode,
                null));
    }

    private Committed commit(ClusterRef ref, int id) throws SQLException {
        OpenSession session = ref.open(Deadline.in(PATIENCE));
        try {
            Committer committer = Committer.open(ref, session);
            LedgerBench.begin(session.connection(), id);
            told = committer.told();
            CommitResult result = committer.commit(false);
            assertThat(result).isInstanceOf(Committed.class);
            return (Committed) result;
        } finally {
            ref.close(session);
        }
    }

    private static void awaitReplicated(PatroniCluster cluster, String primary) throws SQLException {
        try (Connection admin = connect(cluster, primary)) {
            String lsn = Objects.requireNonNull(value(admin, "SELECT pg_current_wal_lsn()"));
            await().atMost(PATIENCE)
                    .until(() -> "t"
                            .equals(value(
                                    admin,
                                    "SELECT bool_and(flush_lsn >= '" + lsn + "'::pg_lsn) FROM pg_stat_replication")));
        }
    }

    /** It cannot come back either: what is committed from now on is on the primary alone. */
    private static void detachReplica(PatroniCluster cluster, String primary) throws SQLException {
        try (Connection admin = connect(cluster, primary)) {
            LedgerBench.run(admin, "ALTER ROLE replicator NOLOGIN");
            LedgerBench.run(admin, "SELECT pg_terminate_backend(pid) FROM pg_stat_replication");
            await().atMost(PATIENCE).until(() -> "0".equals(value(admin, "SELECT count(*) FROM pg_stat_replication")));
        }
    }

    private static void close(ClusterRef ref, OpenSession session) {
        ref.close(session);
    }

    private static Connection connect(PatroniCluster cluster, String member) throws SQLException {
        return DriverManager.getConnection(
                "jdbc:postgresql://" + cluster.postgres(member).getHostString() + ":"
                        + cluster.postgres(member).getPort() + "/" + cluster.database(),
                cluster.superuser(),
                cluster.superuserPassword());
    }

    private static String value(Connection connection, String question) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(question)) {
            row.next();
            return row.getString(1);
        }
    }
}
