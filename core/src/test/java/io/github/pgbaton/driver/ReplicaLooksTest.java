package io.github.pgbaton.driver;

import static io.github.pgbaton.driver.Scripts.run;
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
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How the members are looked at for reads: with whose credentials, and what counts where one cannot be looked at. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ReplicaLooksTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final long MIB = 1 << 20;

    private final Scripts scripts = new Scripts("looks");
    private final List<Connection> connections = new ArrayList<>();
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
        for (Connection connection : connections) {
            connection.close();
        }
        scripts.close();
    }

    private BatonDataSource replicas(String... more) {
        return scripts.following("target=replica", String.join("&", more));
    }

    private Connection connection(BatonDataSource from) throws SQLException {
        Connection connection = from.getConnection();
        connections.add(connection);
        return connection;
    }

    @Test
    void boundHoldsWhileThePrimaryCannotBeLookedAt() throws Exception {
        BatonDataSource replicas = replicas("maxReplicaLag=4MiB");
        Connection first = connection(replicas);
        Connection other = connection(replicas);
        run(first, "SELECT 1");
        Connection onSecond = second.statements().contains("SELECT 1") ? first : other;
        primary.close();
        third.position(120 * MIB);

        await("the second one has stopped, twenty MiB behind what the primary has sent")
                .atMost(PATIENCE)
                .until(() -> {
                    run(onSecond, "SELECT 2");
                    return third.statements().contains("SELECT 2");
                });
    }

    @Test
    void memberThatRefusesOneUserIsLookedAtAsAnother() throws Exception {
        BatonDataSource refused = replicas();
        BatonDataSource accepted = replicas();
        accepted.setUser("other");
        for (int i = 0; i < 8; i++) {
            connection(refused);
        }
        connection(accepted);
        third.refusing("app");
        third.dropSessions();

        await().atMost(PATIENCE).until(() -> {
            // Kept, so that the other replica has more at last.
            run(connection(accepted), "SELECT 1");
            return third.statements().contains("SELECT 1");
        });
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void wrongPasswordIsToldAtOnceThoughAMemberIsDown(int down) throws Exception {
        List<ScriptedPostgres> members = List.of(primary, second, third);
        members.forEach(member -> member.refusing("app"));
        members.get(down).close();
        assertThatThrownBy(() -> connection(replicas("failoverTimeout=50s")))
                .asInstanceOf(InstanceOfAssertFactories.type(SQLException.class))
                .extracting(SQLException::getSQLState)
                .isEqualTo("28P01");
    }

    @Test
    void memberThatLeftTheClusterIsNoLongerLookedAt() throws Exception {
        Connection connection = connection(replicas());
        run(connection, "SELECT 1");
        boolean onSecond = second.statements().contains("SELECT 1");
        ScriptedPostgres leaving = onSecond ? third : second;
        await().atMost(PATIENCE).until(() -> leaving.openSessions() == 1);

        source.forget(onSecond ? "node3" : "node2").elect("node1");

        await().atMost(PATIENCE).until(() -> leaving.openSessions() == 0);
        run(connection, "SELECT 2");
    }
}
