package io.github.pgbaton.driver;

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
import java.io.IOException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.LoggerFactory;

/** Who gets a connection to whom, with servers and a leader source that do exactly what a test says. */
@Timeout(60)
class RoutingTest {
    private static final AtomicInteger SCOPES = new AtomicInteger();
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final List<AutoCloseable> open = new ArrayList<>();
    private final String scope = "routing-" + SCOPES.incrementAndGet();

    private ScriptedPostgres server() throws IOException {
        ScriptedPostgres server = new ScriptedPostgres();
        open.add(server);
        return server;
    }

    private ScriptedLeaderSource source(ScriptedPostgres... members) {
        ScriptedLeaderSource source = ScriptedLeaderSource.register(scope);
        for (int i = 0; i < members.length; i++) {
            source.member("node" + (i + 1), members[i].address());
        }
        return source;
    }

    private BatonDataSource followingEtcd(String... more) {
        return dataSource("///db?etcd=http://127.0.0.1:1&scope=" + scope + "&" + String.join("&", more));
    }

    /** As above, without what would save a transaction. */
    private BatonDataSource losing() {
        return followingEtcd("replay=off");
    }

    private BatonDataSource askingMembers(ScriptedPostgres... members) {
        List<String> seeds = new ArrayList<>();
        for (ScriptedPostgres member : members) {
            seeds.add(member.address().toString());
        }
        return dataSource("//" + String.join(",", seeds) + "/db?failoverTimeout=2s");
    }

    private BatonDataSource dataSource(String rest) {
        BatonDataSource source = new BatonDataSource("jdbc:pgbaton:postgresql:" + rest + "&sslmode=disable");
        source.setUser("app");
        source.setPassword("s3cret");
        open.add(source);
        return source;
    }

    @AfterEach
    void closeAll() throws Exception {
        for (int i = open.size() - 1; i >= 0; i--) {
            open.get(i).close();
        }
    }

    private static void run(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    @Test
    void newLeaderIsNotUsedBeforeItIsPromoted() throws Exception {
        ScriptedPostgres leader = server().inRecovery(true);
        source(leader).elect("node1");
        CompletableFuture<Connection> connecting = CompletableFuture.supplyAsync(() -> connect(followingEtcd()));
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
        ScriptedPostgres first = server().reportingAPrimary();
        ScriptedPostgres second = server().reportingAPrimary().timeline(2);
        ScriptedLeaderSource source = source(first, second);
        source.elect("node1");
        BatonDataSource pooled = followingEtcd("memberMap=*={host}:{port}");
        try (Connection before = pooled.getConnection()) {
            run(before, "SELECT 'before'");
            first.inRecovery(true);
            CompletableFuture<Connection> connecting =
                    CompletableFuture.supplyAsync(() -> connect(pooled), task -> new Thread(task).start());
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
        ScriptedPostgres leader = server().inRecovery(true);
        source(leader).elect("node1");
        BatonDataSource shared = followingEtcd();
        List<CompletableFuture<Connection>> waiting = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            waiting.add(CompletableFuture.supplyAsync(() -> connect(shared), task -> new Thread(task).start()));
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
        ScriptedPostgres newer = server().timeline(5);
        ScriptedPostgres zombie = server().timeline(4);
        ScriptedLeaderSource source = source(newer, zombie);
        source.elect("node1");
        BatonDataSource following = followingEtcd("failoverTimeout=1s");
        following.getConnection().close();
        source.elect("node2");

        assertThatThrownBy(following::getConnection)
                .hasMessageContaining("timeline 4")
                .hasMessageContaining("timeline 5");
        assertThat(zombie.statements()).isEmpty();
    }

    @Test
    void memberOfAnotherClusterGetsNoConnection() throws Exception {
        ScriptedPostgres stranger = server().system("666");
        source(stranger).system("7000000000000000001").elect("node1");

        assertThatThrownBy(() -> followingEtcd("failoverTimeout=1s").getConnection())
                .hasMessageContaining("another cluster")
                .hasMessageContaining("666");
    }

    @Test
    void serverThatReportsNothingIsAskedBySql() throws Exception {
        ScriptedPostgres old = server().silentAboutStanding();
        source(old).elect("node1");
        BatonDataSource following = followingEtcd();
        following.getConnection().close();
        try (Connection second = following.getConnection()) {
            run(second, "SELECT 1");
        }
        old.inRecovery(true);
        try (BatonDataSource impatient = followingEtcd("failoverTimeout=1s")) {
            assertThatThrownBy(impatient::getConnection).hasMessageContaining("recovery");
        }
    }

    @Test
    void withoutASourceTheMembersAreAsked() throws Exception {
        ScriptedPostgres replica = server().inRecovery(true);
        ScriptedPostgres primary = server().timeline(2);
        try (Connection connection = askingMembers(replica, primary).getConnection()) {
            run(connection, "SELECT 1");
        }
        assertThat(primary.statements()).contains("SELECT 1");
        await().atMost(PATIENCE).until(() -> replica.openSessions() == 0);
    }

    @Test
    void ofTwoThatSayPrimaryTheOneOnTheHigherTimelineWins() throws Exception {
        ScriptedPostgres zombie = server().timeline(1);
        ScriptedPostgres primary = server().timeline(2);
        try (Connection connection = askingMembers(zombie, primary).getConnection()) {
            run(connection, "SELECT 1");
        }
        assertThat(primary.statements()).contains("SELECT 1");
        assertThat(zombie.statements()).isEmpty();
    }

    @Test
    void silentSourceIsReplacedByAskingTheMembers() throws Exception {
        ScriptedPostgres primary = server();
        ScriptedLeaderSource source = source();
        BatonDataSource following = dataSource(
                "//" + primary.address() + "/db?etcd=http://127.0.0.1:1&scope=" + scope + "&failoverTimeout=20s");
        CompletableFuture<Connection> connecting = CompletableFuture.supplyAsync(() -> connect(following));
        await().atMost(PATIENCE).ignoreExceptions().until(() -> {
            source.degrade("nobody answers");
            return true;
        });
        try (Connection connection = connecting.get(20, TimeUnit.SECONDS)) {
            run(connection, "SELECT 1");
        }
    }

    @Test
    void sessionsToTheMembersThatAreNotLeaderAreBroken() throws Exception {
        ScriptedPostgres old = server();
        ScriptedPostgres next = server().timeline(2);
        ScriptedLeaderSource source = source(old, next);
        source.elect("node1");
        BatonDataSource following = followingEtcd();
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
    void noMemberReachableListsEachAddressAndItsFailure() throws Exception {
        ScriptedPostgres first = server();
        ScriptedPostgres second = server();
        BatonDataSource asking = askingMembers(first, second);
        first.close();
        second.close();

        assertThatThrownBy(asking::getConnection)
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("08001"))
                .hasMessageContaining(first.address() + ": Connection refused")
                .hasMessageContaining(second.address() + ": Connection refused")
                .hasMessageContaining("2000 ms")
                .hasMessageNotContaining("s3cret");
    }

    @Test
    void memberThatAcceptsAndSaysNothingDoesNotHangTheCaller() throws Exception {
        try (java.net.ServerSocket mute =
                new java.net.ServerSocket(0, 50, java.net.InetAddress.getByName("127.0.0.1"))) {
            BatonDataSource asking =
                    dataSource("//127.0.0.1:" + mute.getLocalPort() + "/db?failoverTimeout=2s&handshakeTimeout=500ms");
            assertThatThrownBy(asking::getConnection)
                    .isInstanceOfSatisfying(
                            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("08001"));
        }
    }

    @Test
    void membersAreReachedWhereTheMapSaysTheyAre() throws Exception {
        ScriptedPostgres first = server();
        ScriptedPostgres second = server().timeline(2);
        ScriptedLeaderSource source = ScriptedLeaderSource.register(scope)
                .member("node1", new HostPort("10.255.255.1", 5432))
                .member("node2", new HostPort("10.255.255.2", 5432));
        source.elect("node1");
        BatonDataSource mapped = followingEtcd("memberMap=node1=" + first.address() + ",10.255.255.2:5432=127.0.0.1:"
                + second.address().port());
        try (Connection connection = mapped.getConnection()) {
            run(connection, "SELECT 1");
            source.elect("node2");
            run(connection, "SELECT 2");
        }
        assertThat(first.statements()).containsExactly("SELECT 1");
        assertThat(second.statements()).containsExactly("SELECT 2");
    }

    @Test
    void memberUnderAnotherNameKeepsItsSessions() throws Exception {
        ScriptedPostgres primary = server();
        ScriptedLeaderSource source = ScriptedLeaderSource.register(scope).member("node1", primary.address());
        BatonDataSource following = dataSource("//localhost:"
                + primary.address().port() + "/db?etcd=http://127.0.0.1:1&failoverTimeout=20s&scope=" + scope);
        CompletableFuture<Connection> connecting = CompletableFuture.supplyAsync(() -> connect(following));
        await().atMost(PATIENCE).ignoreExceptions().until(() -> {
            source.degrade("nobody answers");
            return true;
        });
        try (Connection connection = connecting.get(20, TimeUnit.SECONDS)) {
            connection.setAutoCommit(false);
            run(connection, "SELECT 1");
            source.elect("node1");
            run(connection, "SELECT 2");
            await().during(Duration.ofMillis(300)).atMost(PATIENCE).until(() -> primary.openSessions() == 1);
            run(connection, "SELECT 3");
            connection.commit();
        }
    }

    @Test
    void batchThatHoldsACommitIsNotRunAgain() throws Exception {
        ScriptedPostgres primary = server();
        source(primary).elect("node1");
        primary.script(sql ->
                sql.startsWith("SELECT 1") ? ScriptedPostgres.Reaction.HANG_UP : ScriptedPostgres.Reaction.SUCCEED);
        try (Connection connection = followingEtcd().getConnection();
                Statement batch = connection.createStatement()) {
            connection.setAutoCommit(false);
            batch.addBatch("INSERT INTO t VALUES (1)");
            batch.addBatch("COMMIT");
            batch.addBatch("SELECT 1");
            assertThatThrownBy(batch::executeBatch)
                    .isInstanceOfSatisfying(
                            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("08007"));
        }
        assertThat(primary.statements()).containsOnlyOnce("INSERT INTO t VALUES (1)");
    }

    @Test
    void closingASourceWhileItConnectsLeavesNoWatch() throws Exception {
        ScriptedPostgres leader = server();
        ScriptedLeaderSource source = source(leader);
        BatonDataSource following = followingEtcd();
        CompletableFuture<Connection> connecting = CompletableFuture.supplyAsync(() -> connect(following));
        await().atMost(PATIENCE)
                .until(() -> Thread.getAllStackTraces().keySet().stream()
                        .anyMatch(thread -> thread.getName().contains(scope)));
        following.close();
        source.elect("node1");
        connecting.get(20, TimeUnit.SECONDS).close();
        await().atMost(PATIENCE).until(source::isClosed);
    }

    @Test
    void standbyClusterFailsAtOnceAndSaysSo() throws Exception {
        ScriptedPostgres leader = server().inRecovery(true);
        source(leader).standbyCluster().elect("node1");
        assertThatThrownBy(() -> followingEtcd().getConnection()).hasMessageContaining("standby cluster");
    }

    @Test
    void noMoreSessionsAreOpenedAtOnceThanTheLimit() throws Exception {
        ScriptedPostgres leader = server();
        source(leader).elect("node1");
        BatonDataSource one = followingEtcd("connectLimit=1");
        one.getConnection().close();
        leader.mute(true);
        List<CompletableFuture<Connection>> waiting = new ArrayList<>();
        int before = leader.accepted();
        for (int i = 0; i < 5; i++) {
            waiting.add(CompletableFuture.supplyAsync(() -> connect(one), task -> new Thread(task).start()));
        }
        await().atMost(PATIENCE).until(() -> leader.accepted() > before);
        await().during(Duration.ofMillis(300)).atMost(PATIENCE).until(() -> leader.accepted() == before + 1);
        leader.mute(false);
        leader.dropSessions();
        for (CompletableFuture<Connection> each : waiting) {
            each.get(20, TimeUnit.SECONDS).close();
        }
    }

    @Test
    void batchOfALostTransactionIsGoneWhenItsRowsAreAddedAgain() throws Exception {
        ScriptedPostgres old = server();
        ScriptedPostgres next = server().timeline(2);
        ScriptedLeaderSource source = source(old, next);
        source.elect("node1");
        try (Connection connection = losing().getConnection();
                Statement batch = connection.createStatement();
                PreparedStatement prepared = connection.prepareStatement("DELETE FROM p")) {
            connection.setAutoCommit(false);
            batch.addBatch("INSERT INTO t VALUES (1)");
            prepared.addBatch();
            run(connection, "SELECT 1");
            source.elect("node2");
            assertThatThrownBy(batch::executeBatch).hasMessageContaining("roll back");
            assertThatThrownBy(prepared::executeLargeBatch).hasMessageContaining("roll back");
            connection.rollback();
            batch.addBatch("INSERT INTO t VALUES (1)");
            assertThat(batch.executeBatch()).hasSize(1);
            prepared.addBatch();
            assertThat(prepared.executeLargeBatch()).hasSize(1);
            connection.commit();
        }
        assertThat(next.statements()).containsOnlyOnce("INSERT INTO t VALUES (1)");
    }

    @Test
    void failoverIsLoggedOnceWhenItStartsAndOnceWhenItEnds() throws Exception {
        Logger logger = (Logger) LoggerFactory.getLogger("io.github.pgbaton.failover");
        ListAppender<ILoggingEvent> lines = new ListAppender<>();
        lines.start();
        logger.addAppender(lines);
        try {
            ScriptedPostgres first = server();
            ScriptedPostgres second = server().timeline(2);
            ScriptedLeaderSource source = source(first, second);
            source.elect("node1");
            BatonDataSource following = followingEtcd();
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
                .filter(line -> line.contains(scope))
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
    void frozenMemberDoesNotDelayThePrimaryThatTheOthersName() throws Exception {
        ScriptedPostgres frozen = server().mute(true);
        ScriptedPostgres promoted = server().inRecovery(true).timeline(2);
        BatonDataSource asking = dataSource(
                "//" + frozen.address() + "," + promoted.address() + "/db?failoverTimeout=40s&handshakeTimeout=30s");
        CompletableFuture<Connection> connecting = CompletableFuture.supplyAsync(() -> connect(asking));
        await().atMost(PATIENCE).until(() -> promoted.accepted() > 2);
        promoted.inRecovery(false);
        connecting.get(20, TimeUnit.SECONDS).close();
        assertThat(frozen.accepted())
                .as("asked once, and not again while it owes the answer")
                .isEqualTo(1);
    }

    @Test
    void givingAConnectionBackDoesNotWaitForAPrimary() throws Exception {
        ScriptedPostgres old = server();
        ScriptedPostgres next = server().timeline(2);
        ScriptedLeaderSource source = source(old, next);
        source.elect("node1");
        try (Connection connection = followingEtcd().getConnection()) {
            run(connection, "SELECT 1");
            next.inRecovery(true);
            source.elect("node2");
            // What a pool does with a connection that it takes back; none of it needs the server.
            connection.clearWarnings();
            connection.setReadOnly(true);
            connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
            connection.setSchema("accounts");
            assertThat(next.statements()).isEmpty();
            next.inRecovery(false);
            connection.setAutoCommit(false);
            run(connection, "SELECT 2");
            assertThat(connection.isReadOnly()).isTrue();
        }
        assertThat(next.statements()).anyMatch(sql -> sql.contains("SERIALIZABLE"));
        assertThat(next.statements()).anyMatch(sql -> sql.contains("accounts"));
    }

    @Test
    void everyAddressOfAHostNameIsTried() throws Exception {
        // src/test/hosts gives this name two addresses, and nobody listens on the first.
        ScriptedPostgres onTheLast = server();
        BatonDataSource asking =
                dataSource("//two-addresses:" + onTheLast.address().port() + "/db?failoverTimeout=5s");
        try (Connection connection = asking.getConnection()) {
            run(connection, "SELECT 1");
        }
        assertThat(onTheLast.statements()).contains("SELECT 1");
    }

    @Test
    void interruptEndsTheWait() throws Exception {
        source(server());
        BatonDataSource following = followingEtcd();
        CompletableFuture<SQLException> failure = new CompletableFuture<>();
        Thread waiting = new Thread(() -> {
            try {
                following.getConnection();
            } catch (SQLException e) {
                failure.complete(e);
            }
        });
        waiting.start();
        await().atMost(PATIENCE).until(() -> waiting.getState() == Thread.State.TIMED_WAITING);
        waiting.interrupt();
        assertThat(failure.get(20, TimeUnit.SECONDS).getMessage()).contains("interrupted");
    }

    @Test
    void closingTheLastSourceEndsTheWatchAndItsThreads() throws Exception {
        ScriptedPostgres leader = server();
        ScriptedLeaderSource source = source(leader);
        source.elect("node1");
        BatonDataSource first = followingEtcd();
        BatonDataSource second = followingEtcd();
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
                        .noneMatch(thread -> thread.getName().contains(scope)));
    }

    @Test
    void driverManagerFindsTheDriver() throws Exception {
        source(server()).elect("node1");
        String url = "jdbc:pgbaton:postgresql:///db?etcd=http://127.0.0.1:1&sslmode=disable&scope=" + scope;
        try (Connection connection = DriverManager.getConnection(url, "app", "s3cret")) {
            assertThat(connection.getMetaData().getURL()).startsWith("jdbc:postgresql://127.0.0.1:");
            assertThat(connection.getMetaData().getDriverName()).isEqualTo("PostgreSQL JDBC Driver");
        }
        assertThatThrownBy(() -> DriverManager.getConnection("jdbc:postgresql:nothing:at:all"))
                .isInstanceOf(SQLException.class);
    }

    private static Connection connect(BatonDataSource source) {
        try {
            return source.getConnection();
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }
}
