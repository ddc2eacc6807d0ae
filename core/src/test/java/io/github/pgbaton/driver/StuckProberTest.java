package io.github.pgbaton.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.BatonDataSource;
import io.github.pgbaton.scripted.ScriptedLeaderSource;
import io.github.pgbaton.scripted.ScriptedPostgres;
import io.github.pgbaton.scripted.StuckSocketFactory;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Who is stuck where no deadline reaches, as in the look-up of a host name, holds up nobody but itself. */
@Timeout(60)
class StuckProberTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final Scripts scripts = new Scripts("stuck");

    @AfterEach
    void close() throws Exception {
        scripts.close();
    }

    private static Connection within(CompletableFuture<Connection> connecting) throws Exception {
        return connecting.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }

    @Test
    void proberOfTheLastEpochHoldsUpNobodyInTheNext() throws Exception {
        ScriptedPostgres old = scripts.server();
        ScriptedPostgres next = scripts.server().timeline(2);
        ScriptedLeaderSource source = scripts.source(old, next);
        source.elect("node1");
        BatonDataSource following = scripts.following(StuckSocketFactory.parameter());
        CompletableFuture<Connection> stuck;
        try (StuckSocketFactory.Place place = StuckSocketFactory.at(old, 1)) {
            stuck = Scripts.connecting(following);
            await().atMost(PATIENCE).until(() -> place.attempts() == 1);
            source.elect("node2");
            within(Scripts.connecting(following)).close();
            assertThat(stuck).isNotDone();
        }
        within(stuck).close();
    }

    @Test
    void proberThatShowsNoProgressIsRelievedInItsOwnEpoch() throws Exception {
        ScriptedPostgres leader = scripts.server();
        scripts.source(leader).elect("node1");
        BatonDataSource following = scripts.following(StuckSocketFactory.parameter(), "handshakeTimeout=1s");
        CompletableFuture<Connection> stuck;
        try (StuckSocketFactory.Place place = StuckSocketFactory.at(leader, 1)) {
            stuck = Scripts.connecting(following);
            await().atMost(PATIENCE).until(() -> place.attempts() == 1);
            within(Scripts.connecting(following)).close();
            assertThat(stuck).isNotDone();
        }
        within(stuck).close();
    }

    @Test
    void membersAreAskedThoughTheProberOfTheLeaderIsStuck() throws Exception {
        ScriptedPostgres leader = scripts.server();
        ScriptedPostgres promoted = scripts.server().timeline(2);
        ScriptedLeaderSource source = scripts.source(leader, promoted);
        source.elect("node1");
        BatonDataSource following = scripts.following(StuckSocketFactory.parameter());
        try (StuckSocketFactory.Place place = StuckSocketFactory.at(leader, 1000)) {
            Scripts.connecting(following);
            await().atMost(PATIENCE).until(() -> place.attempts() == 1);
            source.degrade("nobody answers");
            within(Scripts.connecting(following)).close();
        }
        assertThat(promoted.accepted()).isPositive();
    }

    @Test
    void openingsThatAreStuckAtTheOldLeaderTakeNoPermitFromTheNewOne() throws Exception {
        ScriptedPostgres old = scripts.server();
        ScriptedPostgres next = scripts.server().timeline(2);
        ScriptedLeaderSource source = scripts.source(old, next);
        source.elect("node1");
        BatonDataSource following = scripts.following(StuckSocketFactory.parameter(), "connectLimit=1");
        following.getConnection().close();
        CompletableFuture<Connection> stuck;
        try (StuckSocketFactory.Place place = StuckSocketFactory.at(old, 1)) {
            stuck = Scripts.connecting(following);
            await().atMost(PATIENCE).until(() -> place.attempts() == 1);
            CompletableFuture<Connection> queued = Scripts.connecting(following);
            await().during(Duration.ofMillis(200)).atMost(PATIENCE).until(() -> !queued.isDone());
            source.elect("node2");
            within(queued).close();
            within(Scripts.connecting(following)).close();
            assertThat(stuck).isNotDone();
        }
        within(stuck).close();
    }

    @Test
    void memberThatIsStuckTakesOneThreadHoweverManyAsk() throws Exception {
        ScriptedPostgres unreachable = scripts.server();
        ScriptedPostgres standby = scripts.server().inRecovery(true);
        String members =
                "//" + unreachable.address() + "," + standby.address() + "/db?" + StuckSocketFactory.parameter();
        try (StuckSocketFactory.Place place = StuckSocketFactory.at(unreachable, 1000);
                BatonDataSource impatient = scripts.dataSource(members + "&failoverTimeout=100ms")) {
            Scripts.awaitRefusal(impatient, "in recovery");
            for (int caller = 0; caller < 20; caller++) {
                assertThatThrownBy(impatient::getConnection)
                        .isInstanceOfSatisfying(
                                SQLException.class,
                                e -> assertThat(e.getSQLState()).isEqualTo("08001"));
            }
            Scripts.awaitRefusal(impatient, "in recovery");
            assertThat(place.attempts()).isEqualTo(1);
            CompletableFuture<Connection> patient =
                    Scripts.connecting(scripts.dataSource(members + "&failoverTimeout=30s"));
            standby.inRecovery(false);
            within(patient).close();
            assertThat(place.attempts()).isEqualTo(1);
        }
    }
}
