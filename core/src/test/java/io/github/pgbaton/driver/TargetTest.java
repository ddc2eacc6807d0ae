package io.github.pgbaton.driver;

import static io.github.pgbaton.driver.Scripts.awaitRefusal;
import static io.github.pgbaton.driver.Scripts.opened;
import static io.github.pgbaton.driver.Scripts.run;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.github.pgbaton.BatonDataSource;
import io.github.pgbaton.Protection;
import io.github.pgbaton.pool.PoolableConnection;
import io.github.pgbaton.replay.ProtectionReport;
import io.github.pgbaton.scripted.ScriptedPostgres;
import io.github.pgbaton.scripted.ScriptedPostgres.Reaction;
import io.github.pgbaton.topology.TimelineHistory;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.LoggerFactory;

/** Connections whose target is not the primary alone: where they go, when they move, and what they say. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class TargetTest extends TargetOnScripts {
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

    /** As HikariCP asks on borrow. One that is frozen is left too, and its answer would be waited for. */
    @Test
    void idleConnectionThatIsAboutToMoveIsValidWithoutAnAnswerOfItsMember() throws Exception {
        BatonDataSource replicas = target("replica", "maxReplicaLag=4MiB");
        try (Connection connection = replicas.getConnection()) {
            connection.unwrap(PoolableConnection.class).pooled(() -> {});
            ScriptedPostgres on = runs(connection, "SELECT 1");
            connection.clearWarnings();
            on.position(95 * MIB);
            awaitLooks();
            AtomicBoolean asked = new AtomicBoolean();
            on.script(sql -> {
                asked.compareAndSet(false, sql.isEmpty());
                return Reaction.SUCCEED;
            });

            connection.setNetworkTimeout(Runnable::run, 5_000);
            assertThat(connection.isValid(5)).isTrue();
            connection.setNetworkTimeout(Runnable::run, 0);

            assertThat(asked).as("the member it leaves was asked").isFalse();
            assertThat(runs(connection, "SELECT 2")).isSameAs(other(on));
        }
    }

    @Test
    void taggedReplicaGetsNoReadsAndNofailoverDoesNotMatter() throws Exception {
        source.member("node3", third.address(), false, false, 1);
        BatonDataSource replicas = target("replica", IMPATIENT);
        for (int i = 0; i < 4; i++) {
            try (Connection connection = opened(replicas)) {
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
                Connection only = opened(strict)) {
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

    /** The looks come in with another user's credentials, and find them fit. */
    @Test
    void preferReplicaTakesThePrimaryWhereTheReplicasRefuseThisUserAlone() throws Exception {
        second.refusing("guest");
        third.refusing("guest");
        BatonDataSource prefers = target("preferReplica");
        try (Connection app = prefers.getConnection()) {
            awaitLooks();
            try (Connection guest = prefers.getConnection("guest", "s3cret")) {
                assertThat(runs(guest, "SELECT 1")).isSameAs(primary);
                assertThat(runs(app, "SELECT 2")).isNotSameAs(primary);
            }
        }
    }

    @Test
    void whoIsNamedForOneConnectionIsNotTheUserOfTheUrl() throws Exception {
        primary.refusing("guest");
        BatonDataSource source = scripts.following("user=app", "password=s3cret");

        source.getConnection().close();
        assertThatThrownBy(() -> source.getConnection("guest", "other"))
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("28P01"));
    }

    @Test
    void sessionOnThePrimaryServesOnWhereNoMemberGivesAnotherOne() throws Exception {
        second.position(MIB);
        third.position(MIB);
        BatonDataSource prefers = target("preferReplica");
        try (Connection app = prefers.getConnection();
                Connection guest = prefers.getConnection("guest", "s3cret")) {
            assertThat(runs(guest, "SELECT 1")).isSameAs(primary);
            primary.refusing("guest");
            second.refusing("guest").position(100 * MIB);
            await().atMost(PATIENCE).until(() -> {
                run(app, "SELECT 2");
                run(guest, "SELECT 3");
                return second.statements().contains("SELECT 2");
            });
            assertThat(runs(guest, "SELECT 4")).isSameAs(primary);
        }
    }

    @Test
    void withoutAFitReplicaReplicaWaitsAndThenSaysWhy() throws Exception {
        second.position(MIB);
        third.close();
        BatonDataSource replicas = target("replica", IMPATIENT);
        awaitRefusal(
                replicas,
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

    @Test
    void whatAStandbyCannotGiveIsNotBlamedOnTheRoleNorOnThePrimary() throws Exception {
        second.xids();
        third.xids();
        Logger logger = (Logger) LoggerFactory.getLogger("io.github.pgbaton");
        ListAppender<ILoggingEvent> lines = new ListAppender<>();
        lines.start();
        logger.addAppender(lines);
        try (Connection connection = target("replica").getConnection()) {
            connection.setAutoCommit(false);
            run(connection, "SELECT 1");
            connection.commit();
        } finally {
            logger.detachAppender(lines);
        }
        assertThat(lines.list.stream()
                        .map(ILoggingEvent::getFormattedMessage)
                        .filter(line -> line.contains(scripts.scope) && line.contains("COMMIT")))
                .singleElement()
                .asString()
                .contains("asked for its id before its COMMIT");
        assertThat(Protection.reports().stream()
                        .filter(report -> report.cluster().contains(scripts.scope))
                        .flatMap(report -> report.reasons().keySet().stream())
                        .map(ProtectionReport.Reason::construct))
                .singleElement()
                .asString()
                .contains("there is no table pgbaton.tx", "a standby gives no transaction ids")
                .doesNotContain("may not execute");
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
