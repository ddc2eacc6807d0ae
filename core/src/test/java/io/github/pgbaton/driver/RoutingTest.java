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
import io.github.pgbaton.scripted.ScriptedLeaderSource;
import io.github.pgbaton.scripted.ScriptedPostgres;
import io.github.pgbaton.topology.HostPort;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.LoggerFactory;

/** Who gets a connection to whom, with servers and a leader source that do exactly what a test says. */
@Timeout(60)
class RoutingTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final Scripts scripts = new Scripts("routing");

    @AfterEach
    void closeAll() throws Exception {
        scripts.close();
    }

    @Test
    void newLeaderIsNotUsedBeforeItIsPromoted() throws Exception {
        ScriptedPostgres leader = scripts.server().inRecovery(true);
        scripts.source(leader).elect("node1");
        CompletableFuture<Connection> connecting = Scripts.connecting(scripts.following());
        await().atMost(PATIENCE).until(() -> leader.openSessions() > 0);
        assertThat(connecting).isNotDone();
        leader.inRecovery(false);
        try (Connection connection = connecting.get(20, TimeUnit.SECONDS)) {
            run(connection, "SELECT 1");
        }
        assertThat(leader.statements()).contains("SELECT 1");
    }

    @Test
    void standbyBehindAPoolerThatReportsAPrimaryGetsNoConnection() throws Exception {
        ScriptedPostgres first = scripts.server().reportingAPrimary();
        ScriptedPostgres second = scripts.server().reportingAPrimary().timeline(2);
        ScriptedLeaderSource source = scripts.source(first, second);
        source.elect("node1");
        BatonDataSource pooled = scripts.following("memberMap=*={host}:{port}");
        try (Connection before = pooled.getConnection()) {
            run(before, "SELECT 'before'");
            first.inRecovery(true);
            CompletableFuture<Connection> connecting = Scripts.connecting(pooled);
            await().atMost(PATIENCE).until(() -> first.accepted() > 1);
            source.elect("node2");
            try (Connection connection = connecting.get(20, TimeUnit.SECONDS)) {
                run(connection, "SELECT 'after'");
            }
        }
        assertThat(first.statements()).doesNotContain("SELECT 'after'");
        assertThat(second.statements()).contains("SELECT 'after'");
    }

    @Test
    void oneSessionProbesHoweverManyWait() throws Exception {
        ScriptedPostgres leader = scripts.server().inRecovery(true);
        scripts.source(leader).elect("node1");
        BatonDataSource shared = scripts.following();
        List<CompletableFuture<Connection>> waiting = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            waiting.add(Scripts.connecting(shared));
        }
        await().atMost(PATIENCE).until(() -> leader.openSessions() == 1);
        await().during(Duration.ofMillis(300)).atMost(PATIENCE).until(() -> leader.openSessions() == 1);
        leader.inRecovery(false);
        for (CompletableFuture<Connection> each : waiting) {
            each.get(20, TimeUnit.SECONDS).close();
        }
    }

    @Test
    void primaryOfThePastGetsNoConnection() throws Exception {
        ScriptedPostgres newer = scripts.server().timeline(5);
        ScriptedPostgres zombie = scripts.server().timeline(4);
        ScriptedLeaderSource source = scripts.source(newer, zombie);
        source.elect("node1");
        BatonDataSource following = scripts.following("failoverTimeout=1s");
        opened(following).close();
        source.elect("node2");

        awaitRefusal(following, "timeline 4", "timeline 5");
        assertThat(zombie.statements()).isEmpty();
    }

    @Test
    void memberOfAnotherClusterGetsNoConnection() throws Exception {
        ScriptedPostgres stranger = scripts.server().system("666");
        scripts.source(stranger).system("7000000000000000001").elect("node1");

        awaitRefusal(scripts.following("failoverTimeout=1s"), "another cluster", "666");
    }

    @Test
    void serverThatReportsNothingIsAskedBySql() throws Exception {
        ScriptedPostgres old = scripts.server().silentAboutStanding();
        scripts.source(old).elect("node1");
        BatonDataSource following = scripts.following();
        following.getConnection().close();
        try (Connection second = following.getConnection()) {
            run(second, "SELECT 1");
        }
        old.inRecovery(true);
        try (BatonDataSource impatient = scripts.following("failoverTimeout=1s")) {
            awaitRefusal(impatient, "recovery");
        }
    }

    @Test
    void sessionsToTheMembersThatAreNotLeaderAreBroken() throws Exception {
        ScriptedPostgres old = scripts.server();
        ScriptedPostgres next = scripts.server().timeline(2);
        ScriptedLeaderSource source = scripts.source(old, next);
        source.elect("node1");
        BatonDataSource following = scripts.following();
        List<Connection> connections = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            connections.add(following.getConnection());
        }
        source.elect("node2");
        await().atMost(PATIENCE).until(() -> old.openSessions() == 0);
        for (Connection connection : connections) {
            run(connection, "SELECT 1");
            connection.close();
        }
        assertThat(next.statements()).hasSize(20);
    }

    @Test
    void membersAreReachedWhereTheMapSaysTheyAre() throws Exception {
        ScriptedPostgres first = scripts.server();
        ScriptedPostgres second = scripts.server().timeline(2);
        ScriptedLeaderSource source = ScriptedLeaderSource.register(scripts.scope)
                .member("node1", new HostPort("10.255.255.1", 5432))
                .member("node2", new HostPort("10.255.255.2", 5432));
        source.elect("node1");
        BatonDataSource mapped = scripts.following("memberMap=node1=" + first.address()
                + ",10.255.255.2:5432=127.0.0.1:" + second.address().port());
        try (Connection connection = mapped.getConnection()) {
            run(connection, "SELECT 1");
            source.elect("node2");
            run(connection, "SELECT 2");
        }
        assertThat(first.statements()).containsExactly("SELECT 1");
        assertThat(second.statements()).containsExactly("SELECT 2");
    }

    @Test
    void closingASourceWhileItConnectsLeavesNoWatch() throws Exception {
        ScriptedPostgres leader = scripts.server();
        ScriptedLeaderSource source = scripts.source(leader);
        BatonDataSource following = scripts.following();
        CompletableFuture<Connection> connecting = Scripts.connecting(following);
        await().atMost(PATIENCE)
                .until(() -> Thread.getAllStackTraces().keySet().stream()
                        .anyMatch(thread -> thread.getName().contains(scripts.scope)));
        following.close();
        source.elect("node1");
        connecting.get(20, TimeUnit.SECONDS).close();
        await().atMost(PATIENCE).until(source::isClosed);
    }

    @Test
    void standbyClusterFailsAtOnceAndSaysSo() throws Exception {
        ScriptedPostgres leader = scripts.server().inRecovery(true);
        scripts.source(leader).standbyCluster().elect("node1");
        assertThatThrownBy(() -> scripts.following().getConnection()).hasMessageContaining("standby cluster");
    }

    @Test
    void noMoreSessionsAreOpenedAtOnceThanTheLimit() throws Exception {
        Scripts.Occupied only = scripts.occupied();
        List<CompletableFuture<Connection>> waiting = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            waiting.add(Scripts.connecting(only.source()));
        }
        await().during(Duration.ofMillis(300))
                .atMost(PATIENCE)
                .until(() -> only.leader().accepted() == only.before() + 1);
        only.free();
        for (CompletableFuture<Connection> each : waiting) {
            each.get(20, TimeUnit.SECONDS).close();
        }
    }

    @Test
    void failoverIsLoggedOnceWhenItStartsAndOnceWhenItEnds() throws Exception {
        Logger logger = (Logger) LoggerFactory.getLogger("io.github.pgbaton.failover");
        ListAppender<ILoggingEvent> lines = new ListAppender<>();
        lines.start();
        logger.addAppender(lines);
        try {
            ScriptedPostgres first = scripts.server();
            ScriptedPostgres second = scripts.server().timeline(2);
            ScriptedLeaderSource source = scripts.source(first, second);
            source.elect("node1");
            BatonDataSource following = scripts.following();
            try (Connection one = following.getConnection();
                    Connection two = following.getConnection()) {
                source.loseLeader();
                source.elect("node2");
                run(one, "SELECT 1");
                run(two, "SELECT 1");
                first.timeline(3);
                source.elect("node1");
                run(one, "SELECT 1");
                run(two, "SELECT 1");
                source.degrade("nobody answers");
                source.elect("node1");
            }
        } finally {
            logger.detachAppender(lines);
        }
        List<String> ours = lines.list.stream()
                .map(line -> line.getLevel() + " " + line.getFormattedMessage())
                .filter(line -> line.contains(scripts.scope))
                .toList();
        assertThat(ours).hasSize(6);
        assertThat(ours.get(0)).startsWith("INFO").contains("started", "node1");
        assertThat(ours.get(1)).startsWith("INFO").contains("ended", "node2", "after the start");
        assertThat(ours.get(2)).startsWith("INFO").contains("started", "node2");
        assertThat(ours.get(3)).startsWith("INFO").contains("ended", "node1", "timeline 3");
        assertThat(ours.get(4)).startsWith("WARN").contains("nobody answers");
        assertThat(ours.get(5)).startsWith("INFO").contains("speaks again");
    }

    @Test
    void closingTheLastSourceEndsTheWatchAndItsThreads() throws Exception {
        ScriptedPostgres leader = scripts.server();
        ScriptedLeaderSource source = scripts.source(leader);
        source.elect("node1");
        BatonDataSource first = scripts.following();
        BatonDataSource second = scripts.following();
        Connection left = first.getConnection();
        second.getConnection().close();
        first.close();
        second.close();
        assertThat(source.isClosed()).as("a connection is still open").isFalse();
        run(left, "SELECT 1");
        left.close();
        await().atMost(PATIENCE).until(source::isClosed);
        await().atMost(PATIENCE).until(() -> leader.openSessions() == 0);
        await().atMost(PATIENCE)
                .until(() -> Thread.getAllStackTraces().keySet().stream()
                        .noneMatch(thread -> thread.getName().contains(scripts.scope)));
    }

    @Test
    void refusedLoginTimeoutLeavesNoWatch() throws Exception {
        ScriptedPostgres leader = scripts.server();
        ScriptedLeaderSource source = scripts.source(leader);
        source.elect("node1");
        BatonDataSource wrong = scripts.following("loginTimeout=5s");
        assertThatThrownBy(wrong::getConnection)
                .hasMessageContaining("loginTimeout=\"5s\" is not a number")
                .extracting(e -> ((SQLException) e).getSQLState())
                .isEqualTo("22023");
        assertThatThrownBy(() -> DriverManager.getConnection(wrong.getUrl(), "app", "s3cret"))
                .hasMessageContaining("loginTimeout");
        // A reference that was left behind would keep the watch from ending with this one.
        BatonDataSource right = scripts.following();
        right.getConnection().close();
        right.close();
        assertThat(source.isClosed()).isTrue();
    }

    @Test
    void driverManagerFindsTheDriver() throws Exception {
        scripts.source(scripts.server()).elect("node1");
        String url = "jdbc:pgbaton:postgresql:///db?etcd=http://127.0.0.1:1&sslmode=disable&scope=" + scripts.scope;
        try (Connection connection = DriverManager.getConnection(url, "app", "s3cret")) {
            assertThat(connection.getMetaData().getURL()).startsWith("jdbc:postgresql://127.0.0.1:");
            assertThat(connection.getMetaData().getDriverName()).isEqualTo("PostgreSQL JDBC Driver");
        }
        assertThatThrownBy(() -> DriverManager.getConnection("jdbc:postgresql:nothing:at:all"))
                .isInstanceOf(SQLException.class);
    }
}
