package io.github.pgbaton.driver;

import static io.github.pgbaton.driver.Scripts.run;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.BatonDataSource;
import io.github.pgbaton.event.StatementUnknownException;
import io.github.pgbaton.event.TransactionLostException;
import io.github.pgbaton.scripted.ScriptedLeaderSource;
import io.github.pgbaton.scripted.ScriptedPostgres;
import io.github.pgbaton.scripted.ScriptedPostgres.Reaction;
import io.github.pgbaton.topology.TimelineHistory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Connections whose target is not the primary alone: where they go, when they move, and what they say. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class TargetTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final long MIB = 1 << 20;
    private static final String IMPATIENT = "failoverTimeout=2s";

    private final Scripts scripts = new Scripts("target");
    private ScriptedPostgres primary;
    private ScriptedPostgres second;
    private ScriptedPostgres third;
    private ScriptedLeaderSource source;

    @BeforeEach
    void open() throws Exception {
        primary = scripts.server().position(100 * MIB);
        second = scripts.server().inRecovery(true).position(100 * MIB);
        third = scripts.server().inRecovery(true).position(100 * MIB);
        source = scripts.source(primary, second, third);
        source.elect("node1");
    }

    @AfterEach
    void close() throws Exception {
        scripts.close();
    }

    private BatonDataSource target(String target, String... more) {
        return scripts.following("target=" + target, String.join("&", more));
    }

    /** Which server got the statement; fails where it was none or several. */
    private ScriptedPostgres runs(Connection connection, String sql) throws SQLException {
        run(connection, sql);
        List<ScriptedPostgres> got = new ArrayList<>();
        for (ScriptedPostgres server : List.of(primary, second, third)) {
            if (server.statements().contains(sql)) {
                got.add(server);
            }
        }
        assertThat(got).as(sql).hasSize(1);
        return got.get(0);
    }

    private ScriptedPostgres other(ScriptedPostgres replica) {
        return replica == second ? third : second;
    }

    private String name(ScriptedPostgres server) {
        return server == primary ? "node1" : server == second ? "node2" : "node3";
    }

    /** Until the driver has looked at everybody at least once more. */
    private void awaitLooks() {
        long[] before = {looks(primary), looks(second), looks(third)};
        await().atMost(PATIENCE)
                .until(() -> looks(primary) > before[0] + 1
                        && looks(second) > before[1] + 1
                        && looks(third) > before[2] + 1);
    }

    private static long looks(ScriptedPostgres server) {
        return server.allStatements().stream()
                .filter(sql -> sql.contains("pg_last_wal_replay_lsn"))
                .count();
    }

    @Test
    void replicaTargetSpreadsOverTheReplicasAndLeavesThePrimaryAlone() throws Exception {
        BatonDataSource replicas = target("replica");
        List<Connection> connections = new ArrayList<>();
        try {
            int onSecond = 0;
            for (int i = 0; i < 6; i++) {
                Connection connection = replicas.getConnection();
                connections.add(connection);
                ScriptedPostgres got = runs(connection, "SELECT " + i);
                assertThat(got).isNotSameAs(primary);
                onSecond += got == second ? 1 : 0;
            }
            assertThat(onSecond).isEqualTo(3);
        } finally {
            for (Connection connection : connections) {
                connection.close();
            }
        }
    }

    @Test
    void anyTargetSpreadsOverAllMembers() throws Exception {
        BatonDataSource any = target("any");
        List<Connection> connections = new ArrayList<>();
        List<ScriptedPostgres> got = new ArrayList<>();
        try {
            connections.add(any.getConnection());
            awaitLooks();
            for (int i = 0; i < 6; i++) {
                connections.add(any.getConnection());
                got.add(runs(connections.get(i + 1), "SELECT " + i));
            }
        } finally {
            for (Connection connection : connections) {
                connection.close();
            }
        }
        assertThat(got).contains(primary, second, third);
    }

    @Test
    void electionLeavesSessionsOnReplicasAlone() throws Exception {
        BatonDataSource replicas = target("replica");
        try (Connection connection = replicas.getConnection()) {
            ScriptedPostgres on = runs(connection, "SELECT 1");
            long sessions = on.accepted();
            other(on).timeline(2).inRecovery(false);
            source.elect(name(other(on)));
            primary.inRecovery(true);

            assertThat(runs(connection, "SELECT 2")).isSameAs(on);
            assertThat(on.accepted()).as("the same session").isEqualTo((int) sessions);
        }
    }

    @Test
    void sessionLeavesAMemberThatIsElectedBeforeItIsPromoted() throws Exception {
        BatonDataSource replicas = target("replica");
        try (Connection connection = replicas.getConnection()) {
            ScriptedPostgres on = runs(connection, "SELECT 1");
            source.elect(name(on));

            assertThat(runs(connection, "SELECT 2")).isSameAs(other(on));
        }
    }

    @Test
    void transactionOnAMemberThatIsElectedEndsThereAndTheNextOneIsElsewhere() throws Exception {
        BatonDataSource replicas = target("replica");
        try (Connection connection = replicas.getConnection()) {
            connection.setAutoCommit(false);
            ScriptedPostgres on = runs(connection, "SELECT 1");
            source.elect(name(on));
            on.timeline(2).inRecovery(false);

            assertThat(runs(connection, "SELECT 2")).isSameAs(on);
            connection.commit();
            assertThat(runs(connection, "SELECT 3")).isSameAs(other(on));
            connection.rollback();
        }
    }

    @Test
    void withoutASourceTheServersOwnWordMovesTheSession() throws Exception {
        String seeds = primary.address() + "," + second.address() + "," + third.address();
        BatonDataSource replicas = scripts.dataSource("//" + seeds + "/db?target=replica");
        try (Connection connection = replicas.getConnection()) {
            ScriptedPostgres on = runs(connection, "SELECT 1");
            assertThat(on).isNotSameAs(primary);
            on.timeline(2).inRecovery(false);
            primary.inRecovery(true);
            // The answer to this one tells that it is no standby any more.
            run(connection, "SELECT 2");

            assertThat(runs(connection, "SELECT 3")).isNotSameAs(on);
        }
    }

    @Test
    void laggingReplicaLosesItsSessionsAndGetsNewOnesOnceItIsHalfwayBack() throws Exception {
        BatonDataSource replicas = target("replica", "maxReplicaLag=4MiB");
        try (Connection connection = replicas.getConnection()) {
            ScriptedPostgres on = runs(connection, "SELECT 1");
            on.position(95 * MIB);
            awaitLooks();
            assertThat(runs(connection, "SELECT 2")).isSameAs(other(on));

            on.position(97 * MIB);
            awaitLooks();
            try (Connection more = replicas.getConnection()) {
                assertThat(runs(more, "SELECT 3"))
                        .as("within the bound, not yet half of it")
                        .isSameAs(other(on));
            }
            on.position(98 * MIB);
            awaitLooks();
            try (Connection more = replicas.getConnection()) {
                assertThat(runs(more, "SELECT 4")).isSameAs(on);
            }
        }
    }

    @Test
    void taggedReplicaGetsNoReadsAndNofailoverDoesNotMatter() throws Exception {
        source.member("node3", third.address(), false, false, 1);
        BatonDataSource replicas = target("replica", IMPATIENT);
        for (int i = 0; i < 4; i++) {
            try (Connection connection = replicas.getConnection()) {
                assertThat(runs(connection, "SELECT " + i)).isSameAs(second);
            }
        }
        source.member("node2", second.address(), false, false, 1);
        assertThatThrownBy(replicas::getConnection)
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("08001"))
                .hasMessageContainingAll("noloadbalance", "node2", "node3", "Nothing was sent");
    }

    @Test
    void synchronousStandbyIsPreferredWhileItIsFit() throws Exception {
        source.member("node3", third.address(), true, true, 1);
        BatonDataSource replicas = target("replica", "replicaChoice=preferSync");
        BatonDataSource strict = target("replica", "replicaChoice=sync", IMPATIENT);
        try (Connection connection = replicas.getConnection();
                Connection only = strict.getConnection()) {
            assertThat(runs(connection, "SELECT 1")).isSameAs(third);
            assertThat(runs(only, "SELECT 2")).isSameAs(third);
            source.member("node3", third.address(), false, true, 1);
            source.member("node2", second.address(), true, true, 1);
            assertThat(runs(connection, "SELECT 3")).isSameAs(second);
            source.member("node2", second.address(), false, true, 1);
            assertThat(runs(connection, "SELECT 4")).as("either will do").isSameAs(second);
            assertThatThrownBy(() -> run(only, "SELECT 5")).hasMessageContaining("is no synchronous standby");
        }
    }

    @Test
    void memberOfAnotherClusterGetsNoReads() throws Exception {
        source.system("7000000000000000001").elect("node1");
        third.system("7999999999999999999");
        BatonDataSource replicas = target("replica");
        for (int i = 0; i < 4; i++) {
            try (Connection connection = replicas.getConnection()) {
                assertThat(runs(connection, "SELECT " + i)).isSameAs(second);
            }
        }
    }

    @Test
    void replicaThatWentPastTheEndOfAnOlderTimelineGetsNoReads() throws Exception {
        primary.timeline(2).position(100 * MIB);
        second.timeline(1).position(90 * MIB);
        third.timeline(1).position(91 * MIB);
        source.history(new TimelineHistory(List.of(new TimelineHistory.Switch(1, 90 * MIB, "node1"))))
                .elect("node1");
        BatonDataSource replicas = target("replica");
        for (int i = 0; i < 4; i++) {
            try (Connection connection = replicas.getConnection()) {
                assertThat(runs(connection, "SELECT " + i)).as("merely late").isSameAs(second);
            }
        }
        source.member("node3", third.address(), false, true, 2);
        second.position(80 * MIB);
        awaitLooks();
        try (Connection connection = replicas.getConnection()) {
            assertThat(runs(connection, "SELECT 9"))
                    .as("follows, by Patroni's word")
                    .isSameAs(third);
        }
    }

    @Test
    void withoutAFitReplicaPreferReplicaTakesThePrimaryAndGoesBack() throws Exception {
        second.position(MIB);
        third.position(MIB);
        BatonDataSource prefers = target("preferReplica");
        try (Connection connection = prefers.getConnection()) {
            assertThat(runs(connection, "SELECT 1")).isSameAs(primary);
            second.position(100 * MIB);
            AtomicBoolean back = new AtomicBoolean();
            await().atMost(PATIENCE).until(() -> {
                run(connection, "SELECT 2");
                back.set(second.statements().contains("SELECT 2"));
                return back.get();
            });
            assertThat(runs(connection, "SELECT 3")).isSameAs(second);
        }
    }

    @Test
    void withoutAFitReplicaReplicaWaitsAndThenSaysWhy() throws Exception {
        second.position(MIB);
        third.close();
        BatonDataSource replicas = target("replica", IMPATIENT);
        assertThatThrownBy(replicas::getConnection)
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("08001"))
                .hasMessageContainingAll(
                        "no replica",
                        "2000 ms",
                        "bytes behind the primary",
                        "maxReplicaLag",
                        "node3",
                        "cannot be asked");
    }

    @Test
    void whoWaitsForAReplicaGetsTheFirstThatIsFit() throws Exception {
        second.position(MIB);
        third.position(MIB);
        BatonDataSource replicas = target("replica", "failoverTimeout=30s");
        var waiting = Scripts.connecting(replicas);
        awaitLooks();
        assertThat(waiting).isNotDone();
        third.position(100 * MIB);
        try (Connection connection = waiting.get(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
            assertThat(runs(connection, "SELECT 1")).isSameAs(third);
        }
    }

    @Test
    void transactionOfADeadReplicaIsReplayedOnAnother() throws Exception {
        BatonDataSource replicas = target("replica");
        second.answers(sql -> sql.equals("SELECT a") ? new String[] {"1"} : null);
        third.answers(sql -> sql.equals("SELECT a") ? new String[] {"1"} : null);
        try (Connection connection = replicas.getConnection();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            ScriptedPostgres on;
            try (ResultSet row = statement.executeQuery("SELECT a")) {
                row.next();
                assertThat(row.getInt(1)).isEqualTo(1);
            }
            on = second.statements().contains("SELECT a") ? second : third;
            on.close();
            run(connection, "SELECT b");
            connection.commit();
            assertThat(other(on).statements()).containsSubsequence("BEGIN", "SELECT a", "SELECT b", "COMMIT");
        }
        assertThat(primary.statements()).isEmpty();
    }

    @Test
    void replayOnAReplicaThatShowsSomethingElseIsRefused() throws Exception {
        BatonDataSource replicas = target("replica");
        second.answers(sql -> sql.equals("SELECT a") ? new String[] {"2"} : null);
        third.answers(sql -> sql.equals("SELECT a") ? new String[] {"3"} : null);
        try (Connection connection = replicas.getConnection();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            try (ResultSet row = statement.executeQuery("SELECT a")) {
                row.next();
                row.getInt(1);
            }
            (second.statements().contains("SELECT a") ? second : third).close();
            assertThatThrownBy(() -> run(connection, "SELECT b")).isInstanceOf(TransactionLostException.class);
            connection.rollback();
        }
    }

    @Test
    void autocommitStatementThatAReplicaTookWithItIsUnknownForItMayHaveBeenPromoted() throws Exception {
        BatonDataSource replicas = target("replica");
        AtomicBoolean broken = new AtomicBoolean();
        for (ScriptedPostgres server : List.of(second, third)) {
            server.script(sql -> sql.equals("SELECT once") && broken.compareAndSet(false, true)
                    ? Reaction.HANG_UP
                    : Reaction.SUCCEED);
        }
        try (Connection connection = replicas.getConnection()) {
            assertThatThrownBy(() -> run(connection, "SELECT once")).isInstanceOf(StatementUnknownException.class);
            assertThat(runs(connection, "SELECT 2")).isNotSameAs(primary);
        }
        assertThat(broken).isTrue();
        assertThat(primary.statements()).isEmpty();
    }

    @Test
    void commitInFlightOnAStandbyIsRunAgainWithItsReads() throws Exception {
        BatonDataSource replicas = target("replica");
        try (Connection connection = replicas.getConnection()) {
            connection.setAutoCommit(false);
            ScriptedPostgres on = runs(connection, "SELECT 1");
            AtomicBoolean hungUp = new AtomicBoolean();
            on.script(sql -> {
                if (!sql.equals("COMMIT")) {
                    return Reaction.SUCCEED;
                }
                hungUp.set(true);
                closeQuietly(on);
                return Reaction.HANG_UP;
            });
            connection.commit();
            assertThat(hungUp).isTrue();
            assertThat(on.statements()).contains("COMMIT");
            List<String> all = new ArrayList<>(second.statements());
            all.addAll(third.statements());
            assertThat(all).filteredOn("SELECT 1"::equals).hasSize(2);
            assertThat(all).filteredOn("COMMIT"::equals).hasSize(2);
        }
    }

    @Test
    void writeOnAReplicaIsTheApplicationsOwnErrorAndDoubtsNobody() throws Exception {
        BatonDataSource replicas = target("replica");
        for (ScriptedPostgres server : List.of(second, third)) {
            server.script(sql -> sql.startsWith("INSERT") ? Reaction.FAIL_READ_ONLY : Reaction.SUCCEED);
        }
        try (Connection connection = replicas.getConnection()) {
            ScriptedPostgres on = runs(connection, "SELECT 1");
            int suspicions = source.suspicions();
            int sessions = on.accepted();
            assertThatThrownBy(() -> run(connection, "INSERT 1"))
                    .isInstanceOfSatisfying(
                            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("25006"));
            assertThat(runs(connection, "SELECT 2")).isSameAs(on);
            assertThat(source.suspicions()).isEqualTo(suspicions);
            assertThat(on.accepted()).isEqualTo(sessions);
        }
    }

    @Test
    void transactionOfThePrimaryIsReplayedOnAPrimaryWhateverTheTarget() throws Exception {
        second.position(MIB);
        third.position(MIB);
        BatonDataSource prefers = target("preferReplica");
        try (Connection connection = prefers.getConnection()) {
            connection.setAutoCommit(false);
            assertThat(runs(connection, "INSERT 1")).isSameAs(primary);
            third.position(100 * MIB);
            second.timeline(2).inRecovery(false);
            source.elect("node2");
            run(connection, "INSERT 2");
            connection.commit();
        }
        assertThat(second.statements()).containsSubsequence("BEGIN", "INSERT 1", "INSERT 2");
        assertThat(third.statements()).doesNotContain("INSERT 1");
    }

    @Test
    void closedWhileItWaitsForAReplicaGivesUp() throws Exception {
        second.position(MIB);
        third.position(100 * MIB);
        BatonDataSource replicas = target("replica", "failoverTimeout=60s");
        try (Connection connection = replicas.getConnection()) {
            run(connection, "SELECT 1");
            connection.setAutoCommit(false);
            third.close();
            Thread aborting = new Thread(
                    () -> {
                        awaitLooksOfTheLiving();
                        try {
                            connection.abort(Runnable::run);
                        } catch (SQLException e) {
                            throw new IllegalStateException(e);
                        }
                    },
                    "aborting");
            aborting.start();
            assertThatThrownBy(() -> run(connection, "SELECT 2"))
                    .isInstanceOfSatisfying(
                            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("08003"));
            aborting.join();
        }
    }

    private static void closeQuietly(ScriptedPostgres server) {
        try {
            server.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void awaitLooksOfTheLiving() {
        long before = looks(primary);
        await().atMost(PATIENCE).until(() -> looks(primary) > before + 1);
    }

    @Test
    void membersAreNoLongerAskedOnceNobodyHasConnectionsToReplicas() throws Exception {
        try (Connection primaryToo = scripts.following().getConnection()) {
            run(primaryToo, "SELECT 0");
            assertThat(looks(second)).isZero();
            try (Connection connection = target("replica").getConnection()) {
                run(connection, "SELECT 1");
            }
            await().atMost(PATIENCE).until(() -> second.openSessions() + third.openSessions() == 0);
            run(primaryToo, "SELECT 2");
        }
    }
}
