package io.github.pgbaton.driver;

import static io.github.pgbaton.driver.Scripts.run;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.BatonDataSource;
import io.github.pgbaton.scripted.ScriptedLeaderSource;
import io.github.pgbaton.scripted.ScriptedPostgres;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Who gets a connection to whom where no source tells the leader, and the members themselves are asked. */
@Timeout(60)
class AskingMembersTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final Scripts scripts = new Scripts("asking");

    @AfterEach
    void closeAll() throws Exception {
        scripts.close();
    }

    private BatonDataSource askingMembers(ScriptedPostgres... members) {
        return askingMembers("20s", members);
    }

    private BatonDataSource askingMembers(String failoverTimeout, ScriptedPostgres... members) {
        List<String> seeds = new ArrayList<>();
        for (ScriptedPostgres member : members) {
            seeds.add(member.address().toString());
        }
        return scripts.dataSource("//" + String.join(",", seeds) + "/db?failoverTimeout=" + failoverTimeout);
    }

    @Test
    void withoutASourceTheMembersAreAsked() throws Exception {
        ScriptedPostgres replica = scripts.server().inRecovery(true);
        ScriptedPostgres primary = scripts.server().timeline(2);
        try (Connection connection = askingMembers(replica, primary).getConnection()) {
            run(connection, "SELECT 1");
        }
        assertThat(primary.statements()).contains("SELECT 1");
        await().atMost(PATIENCE).until(() -> replica.openSessions() == 0);
    }

    @Test
    void ofTwoThatSayPrimaryTheOneOnTheHigherTimelineWins() throws Exception {
        ScriptedPostgres zombie = scripts.server().timeline(1);
        ScriptedPostgres primary = scripts.server().timeline(2);
        try (Connection connection = askingMembers(zombie, primary).getConnection()) {
            run(connection, "SELECT 1");
        }
        assertThat(primary.statements()).contains("SELECT 1");
        assertThat(zombie.statements()).isEmpty();
    }

    @Test
    void silentSourceIsReplacedByAskingTheMembers() throws Exception {
        ScriptedPostgres primary = scripts.server();
        ScriptedLeaderSource source = scripts.source();
        BatonDataSource following = scripts.dataSource("//" + primary.address() + "/db?etcd=http://127.0.0.1:1&scope="
                + scripts.scope + "&failoverTimeout=20s");
        CompletableFuture<Connection> connecting = Scripts.connecting(following);
        await().atMost(PATIENCE).ignoreExceptions().until(() -> {
            source.degrade("nobody answers");
            return true;
        });
        try (Connection connection = connecting.get(20, TimeUnit.SECONDS)) {
            run(connection, "SELECT 1");
        }
    }

    @Test
    void noMemberReachableListsEachAddressAndItsFailure() throws Exception {
        ScriptedPostgres first = scripts.server();
        ScriptedPostgres second = scripts.server();
        BatonDataSource asking =
                scripts.dataSource("//" + first.address() + "," + second.address() + "/db?failoverTimeout=2s");
        first.close();
        second.close();

        Scripts.awaitRefusal(
                asking, first.address() + ": Connection refused", second.address() + ": Connection refused", "2000 ms");
    }

    @Test
    void memberThatAcceptsAndSaysNothingDoesNotHangTheCaller() throws Exception {
        try (java.net.ServerSocket mute =
                new java.net.ServerSocket(0, 50, java.net.InetAddress.getByName("127.0.0.1"))) {
            BatonDataSource asking = scripts.dataSource(
                    "//127.0.0.1:" + mute.getLocalPort() + "/db?failoverTimeout=2s&handshakeTimeout=500ms");
            assertThatThrownBy(asking::getConnection)
                    .isInstanceOfSatisfying(
                            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("08001"));
        }
    }

    @Test
    void memberUnderAnotherNameKeepsItsSessions() throws Exception {
        ScriptedPostgres primary = scripts.server();
        ScriptedLeaderSource source =
                ScriptedLeaderSource.register(scripts.scope).member("node1", primary.address());
        BatonDataSource following = scripts.dataSource("//localhost:"
                + primary.address().port() + "/db?etcd=http://127.0.0.1:1&failoverTimeout=20s&scope=" + scripts.scope);
        CompletableFuture<Connection> connecting = Scripts.connecting(following);
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
    void frozenMemberDoesNotDelayThePrimaryThatTheOthersName() throws Exception {
        ScriptedPostgres frozen = scripts.server().mute(true);
        ScriptedPostgres promoted = scripts.server().inRecovery(true).timeline(2);
        BatonDataSource asking = scripts.dataSource(
                "//" + frozen.address() + "," + promoted.address() + "/db?failoverTimeout=40s&handshakeTimeout=30s");
        CompletableFuture<Connection> connecting = Scripts.connecting(asking);
        await().atMost(PATIENCE).until(() -> promoted.accepted() > 2);
        promoted.inRecovery(false);
        connecting.get(20, TimeUnit.SECONDS).close();
        assertThat(frozen.accepted())
                .as("asked once, and not again while it owes the answer")
                .isEqualTo(1);
    }

    /** As a member whose pg_hba.conf has no line for the caller. */
    private static ScriptedPostgres refusing(ScriptedPostgres member) {
        return member.refusing("app", "28000", "no pg_hba.conf entry for this host");
    }

    @Test
    void memberThatRefusesTheCallerDoesNotHideTheOneThatIsPromotedNext() throws Exception {
        ScriptedPostgres dead = scripts.server();
        ScriptedPostgres refusing = refusing(scripts.server());
        ScriptedPostgres promoted = scripts.server().inRecovery(true).timeline(2);
        BatonDataSource asking = scripts.dataSource("//" + dead.address() + "," + refusing.address() + ","
                + promoted.address() + "/db?failoverTimeout=40s");
        dead.close();
        CompletableFuture<Connection> connecting = Scripts.connecting(asking);
        await().atMost(PATIENCE).until(() -> connecting.isDone() || promoted.accepted() > 2);
        promoted.inRecovery(false);
        connecting.get(20, TimeUnit.SECONDS).close();
    }

    @Test
    void memberThatRefusesTheCallerIsNotTakenForThePrimaryThatIsDown() throws Exception {
        ScriptedPostgres primary = scripts.server();
        ScriptedPostgres refusing = refusing(scripts.server());
        BatonDataSource asking = askingMembers("5s", primary, refusing);
        primary.close();
        assertThatThrownBy(asking::getConnection)
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("08001"))
                .hasMessageContaining(refusing.address() + ": FATAL: no pg_hba.conf entry")
                .hasMessageContaining(primary.address() + ": Connection refused");
    }

    @Test
    void callerWhomEveryMemberRefusesIsToldAtOnce() throws Exception {
        BatonDataSource asking = askingMembers(refusing(scripts.server()), refusing(scripts.server()));
        assertThatThrownBy(asking::getConnection)
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("28000"));
    }

    @Test
    void wrongPasswordIsToldAtOnceAlsoWhileAMemberIsDown() throws Exception {
        ScriptedPostgres down = scripts.server();
        BatonDataSource asking = askingMembers(down, scripts.server().refusing("app"));
        down.close();
        assertThatThrownBy(asking::getConnection)
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("28P01"));
    }

    @ParameterizedTest
    @CsvSource({"3D000, database \"db\" does not exist", "42501, permission denied for database \"db\""})
    void whatEveryMemberRefusesAlikeIsToldAtOnceAlsoWhileAMemberIsDown(String state, String words) throws Exception {
        ScriptedPostgres down = scripts.server();
        BatonDataSource asking = askingMembers(down, scripts.server().refusing("app", state, words));
        down.close();
        assertThatThrownBy(asking::getConnection)
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo(state));
    }

    @Test
    void primaryThatAloneRefusesTheCallerIsNamedAtTheDeadline() throws Exception {
        ScriptedPostgres primary = refusing(scripts.server().timeline(2));
        BatonDataSource asking =
                askingMembers("3s", primary, scripts.server().inRecovery(true).timeline(2));
        assertThatThrownBy(asking::getConnection)
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("08001"))
                .hasMessageContaining(primary.address() + ": FATAL: no pg_hba.conf entry");
    }

    @Test
    void everyAddressOfAHostNameIsTried() throws Exception {
        // src/test/hosts gives this name two addresses, and nobody listens on the first.
        ScriptedPostgres onTheLast = scripts.server();
        BatonDataSource asking =
                scripts.dataSource("//two-addresses:" + onTheLast.address().port() + "/db?failoverTimeout=20s");
        try (Connection connection = asking.getConnection()) {
            run(connection, "SELECT 1");
        }
        assertThat(onTheLast.statements()).contains("SELECT 1");
    }
}
