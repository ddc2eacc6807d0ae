package io.github.pgbaton.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.BatonDataSource;
import io.github.pgbaton.scripted.ScriptedLeaderSource;
import io.github.pgbaton.scripted.ScriptedPostgres;
import io.github.pgbaton.scripted.ScriptedPostgres.Reaction;
import io.github.pgbaton.topology.Switchover;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What ends the wait for a primary before {@code failoverTimeout} does, and what is left of the connection then. */
@Timeout(60)
class WaitLimitsTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final Scripts scripts = new Scripts("limits");

    @AfterEach
    void close() throws Exception {
        DriverManager.setLoginTimeout(0);
        scripts.close();
    }

    /** Where JDBC lets an application say how long opening a connection may take. */
    enum Login {
        PROPERTY(1, 40, 50),
        DATA_SOURCE(40, 1, 50),
        /** Where the data source was told nothing. */
        DRIVER_MANAGER(40, 0, 1);

        private final int property;
        private final int dataSource;
        private final int manager;

        Login(int property, int dataSource, int manager) {
            this.property = property;
            this.dataSource = dataSource;
            this.manager = manager;
        }
    }

    @ParameterizedTest
    @EnumSource
    void shortestOfTheLoginTimeoutsEndsTheWait(Login login) throws Exception {
        scripts.source(scripts.server());
        BatonDataSource source = scripts.following("failoverTimeout=30s", "loginTimeout=" + login.property);
        source.setLoginTimeout(login.dataSource);
        DriverManager.setLoginTimeout(login.manager);

        assertThatThrownBy(source::getConnection)
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("08001"))
                .hasMessageContaining("within 1000 ms")
                .hasMessageContaining("raise the login time-out")
                .hasMessageNotContaining("raise failoverTimeout");
    }

    /** HikariCP sets DriverManager's to the connectionTimeout of each pool that has a URL, for all that there are. */
    @Test
    void timeoutThatAnotherPoolSetForTheWholeJvmDoesNotBoundADataSourceThatHasItsOwn() throws Exception {
        scripts.source(scripts.server());
        BatonDataSource source = scripts.following("failoverTimeout=30s");
        source.setLoginTimeout(2);
        DriverManager.setLoginTimeout(1);

        assertThatThrownBy(source::getConnection).hasMessageContaining("within 2000 ms");
    }

    @Test
    void loginTimeoutAboveFailoverTimeoutDoesNotLengthenTheWait() throws Exception {
        scripts.source(scripts.server());
        BatonDataSource source = scripts.following("failoverTimeout=500ms", "loginTimeout=40");

        assertThatThrownBy(source::getConnection)
                .hasMessageContaining("within 500 ms")
                .hasMessageContaining("raise failoverTimeout");
    }

    @Test
    void interruptEndsTheWaitOfWhoeverConnects() throws Exception {
        scripts.source(scripts.server());
        BatonDataSource source = scripts.following();
        Waiting waiting = new Waiting(source::getConnection);
        waiting.awaitParked();
        waiting.interruptedIsTold();
    }

    @Test
    void interruptEndsTheWaitForAPlaceInTheQueue() throws Exception {
        Scripts.Occupied only = scripts.occupied();
        Waiting waiting = new Waiting(only.source()::getConnection);
        waiting.awaitParked();
        waiting.interruptedIsTold();
        only.free();
        assertThat(only.leader().accepted())
                .as("whoever was interrupted opened nothing")
                .isEqualTo(only.before() + 2);
    }

    @Test
    void queueForAPlaceEndsAtTheDeadline() throws Exception {
        Scripts.Occupied only = scripts.occupied();
        assertThatThrownBy(() -> scripts.following("connectLimit=1", "failoverTimeout=500ms")
                        .getConnection())
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("08001"))
                .hasMessageContaining("connectLimit");
        only.free();
    }

    @Test
    void interruptEndsTheWaitOfACallAndLeavesTheConnectionUsable() throws Exception {
        ScriptedPostgres next = scripts.server().timeline(2).inRecovery(true);
        ScriptedLeaderSource source = scripts.source(scripts.server(), next);
        source.elect("node1");
        try (Connection connection = scripts.following().getConnection()) {
            Scripts.run(connection, "SELECT 1");
            source.elect("node2");
            Waiting waiting = new Waiting(() -> Scripts.run(connection, "SELECT 'interrupted'"));
            await().atMost(PATIENCE).until(() -> next.openSessions() > 0);
            waiting.interruptedIsTold();
            next.inRecovery(false);
            Scripts.run(connection, "SELECT 'later'");
        }
        assertThat(next.statements()).containsExactly("SELECT 'later'");
    }

    @Test
    void interruptEndsTheWaitForAnAnnouncedSwitchover() throws Exception {
        ScriptedPostgres leader = scripts.server();
        ScriptedLeaderSource source = scripts.source(leader);
        source.elect("node1");
        try (Connection connection = scripts.following("switchoverHold=20s").getConnection()) {
            Scripts.run(connection, "SELECT 1");
            source.announce(new Switchover("node1", null, false).asBegun());
            Waiting waiting = new Waiting(() -> Scripts.run(connection, "SELECT 'interrupted'"));
            waiting.awaitParked();
            waiting.interruptedIsTold();
            source.announce(null);
            Scripts.run(connection, "SELECT 'later'");
        }
        assertThat(leader.statements()).containsExactly("SELECT 1", "SELECT 'later'");
    }

    @Test
    void closeReleasesACallThatWaitsForAPrimary() throws Exception {
        ScriptedPostgres next = scripts.server().timeline(2).inRecovery(true);
        ScriptedLeaderSource source = scripts.source(scripts.server(), next);
        source.elect("node1");
        Connection connection = scripts.following().getConnection();
        Scripts.run(connection, "SELECT 1");
        source.elect("node2");
        Waiting waiting = new Waiting(() -> Scripts.run(connection, "SELECT 2"));
        await().atMost(PATIENCE).until(() -> next.openSessions() > 0);
        connection.close();
        assertThat(waiting.failure().getSQLState()).isEqualTo("08003");
        await().atMost(PATIENCE).until(() -> next.openSessions() == 0);
    }

    @ParameterizedTest
    @EnumSource
    void endReleasesACallThatIsHeldForASwitchover(End end) throws Exception {
        ScriptedPostgres leader = scripts.server();
        ScriptedLeaderSource source = scripts.source(leader);
        source.elect("node1");
        Connection connection = scripts.following("switchoverHold=20s").getConnection();
        Scripts.run(connection, "SELECT 1");
        source.announce(new Switchover("node1", null, false).asBegun());
        Waiting waiting = new Waiting(() -> Scripts.run(connection, "SELECT 2"));
        waiting.awaitParked();
        end.of(connection);
        assertThat(waiting.failure().getSQLState()).isEqualTo("08003");
        assertThat(leader.statements()).doesNotContain("SELECT 2");
    }

    @ParameterizedTest
    @EnumSource
    void endReleasesACallWhoseNewSessionIsBeingSetUp(End end) throws Exception {
        assertEndReleases(end, "connectionInitSql=SELECT%20stuck()", "SELECT stuck()");
    }

    @ParameterizedTest
    @EnumSource
    void endReleasesACallWhoseNewSessionIsBeingGivenWhatTheOldOneHad(End end) throws Exception {
        assertEndReleases(end, "connectionInitSql=SELECT%20set_up()", "SET app.tenant = '7'");
    }

    private void assertEndReleases(End end, String parameter, String stuck) throws Exception {
        ScriptedPostgres old = scripts.server();
        ScriptedPostgres next = scripts.server().timeline(2);
        next.script(sql -> sql.equals(stuck) ? Reaction.HANG : Reaction.SUCCEED);
        ScriptedLeaderSource source = scripts.source(old, next);
        source.elect("node1");
        // The member says nothing more: it must not be found silent instead.
        Connection connection = scripts.following("failoverTimeout=50s", "hangThreshold=0ms", parameter)
                .getConnection();
        Scripts.run(connection, "SET app.tenant = '7'");
        // Nor must the tracker end with its last connection, and break every socket.
        try (Connection another = scripts.following("hangThreshold=0ms").getConnection()) {
            source.elect("node2");
            Waiting waiting = new Waiting(() -> Scripts.run(connection, "SELECT 2"));
            await().atMost(PATIENCE).until(() -> next.statements().contains(stuck));
            end.of(connection);

            assertThat(waiting.failure().getSQLState()).isEqualTo("08003");
            await().atMost(PATIENCE).until(() -> next.openSessions() == 0);
            assertThat(another.isClosed()).isFalse();
        }
        assertThat(next.accepted()).isEqualTo(1);
        assertThat(next.statements()).doesNotContain("SELECT 2");
    }
}
