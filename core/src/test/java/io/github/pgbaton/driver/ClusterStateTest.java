package io.github.pgbaton.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.BatonDriver;
import io.github.pgbaton.BatonMeters;
import io.github.pgbaton.Clusters;
import io.github.pgbaton.pool.PoolableConnection;
import io.github.pgbaton.scripted.ScriptedLeaderSource;
import io.github.pgbaton.scripted.ScriptedPostgres;
import io.github.pgbaton.topology.ClusterState;
import io.github.pgbaton.topology.Switchover;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a health check and meters tell of a cluster, before, during and after a failover. */
@Timeout(60)
class ClusterStateTest {
    private static final AtomicInteger SCOPES = new AtomicInteger();
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final String scope = "cluster-state-" + SCOPES.incrementAndGet();
    private final String name = "/service/" + scope;
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final BatonMeters meters = new BatonMeters();
    private ScriptedPostgres first;
    private ScriptedPostgres second;
    private ScriptedLeaderSource source;
    private Connection connection;

    @BeforeEach
    void open() throws Exception {
        first = new ScriptedPostgres();
        second = new ScriptedPostgres().timeline(2);
        source = ScriptedLeaderSource.register(scope, first, second);
        source.elect("node1");
        meters.bindTo(registry);
        Properties properties = new Properties();
        properties.setProperty("user", "app");
        connection = new BatonDriver()
                .connect(
                        "jdbc:pgbaton:postgresql:///db?etcd=http://127.0.0.1:1&failoverTimeout=20s&sslmode=disable&scope="
                                + scope,
                        properties);
    }

    @AfterEach
    void close() throws Exception {
        meters.close();
        connection.close();
        first.close();
        second.close();
    }

    private void execute(String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private ClusterState state() {
        return Clusters.states().stream()
                .filter(state -> state.cluster().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private double gauge(String meter) {
        return registry.get(meter).tag("cluster", name).gauge().value();
    }

    private long timed(String meter) {
        return registry.get(meter).tag("cluster", name).timer().count();
    }

    @Test
    void primaryIsToldWithItsTimeline() {
        ClusterState state = state();
        assertThat(state.primary()).isEqualTo("node1");
        assertThat(state.address()).isEqualTo(first.address());
        assertThat(state.led()).isTrue();
        assertThat(state.verified()).isTrue();
        assertThat(state.timeline()).isEqualTo(1);
        assertThat(state.silence()).isNull();
        assertThat(state.lastFailover()).isNull();
    }

    @Test
    void failoverIsToldWhileItLastsAndWhenItIsOver() throws Exception {
        Instant before = Instant.now();
        source.loseLeader();
        assertThat(state().led()).isFalse();
        assertThat(state().primary()).isEqualTo("node1");

        source.elect("node2");
        assertThat(state().led()).isTrue();
        assertThat(state().verified()).isFalse();

        execute("SELECT 1");
        ClusterState state = state();
        assertThat(state.primary()).isEqualTo("node2");
        assertThat(state.verified()).isTrue();
        assertThat(state.timeline()).isEqualTo(2);
        assertThat(state.lastFailover().endedAt()).isBetween(before, Instant.now());
        assertThat(state.lastFailover().took()).isPositive();
    }

    @Test
    void silenceOfTheSourceIsTold() {
        source.degrade("quorum lost");
        assertThat(state().silence()).contains("quorum lost");
        assertThat(state().led()).isTrue();
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(gauge("pgbaton.source.silent")).isEqualTo(1));
    }

    @Test
    void clusterThatIsNoLongerWatchedIsNotTold() throws Exception {
        connection.close();
        await().atMost(PATIENCE)
                .until(() -> Clusters.states().stream()
                        .noneMatch(state -> state.cluster().equals(name)));
    }

    @Test
    void metersCountFailoversHoldsAndMovedSessions() throws Exception {
        source.announce(new Switchover("node1", "node2", false));
        source.loseLeader();
        source.elect("node2");
        source.announce(null);
        execute("SELECT 1");

        await().atMost(PATIENCE).untilAsserted(() -> {
            assertThat(timed("pgbaton.failover")).isEqualTo(1);
            assertThat(timed("pgbaton.hold")).isEqualTo(1);
            assertThat(timed("pgbaton.session.move")).isEqualTo(1);
        });
        assertThat(registry.get("pgbaton.sessions.aborted")
                        .tag("cluster", name)
                        .counter()
                        .count())
                .isEqualTo(1);
        assertThat(gauge("pgbaton.primary.led")).isEqualTo(1);
        assertThat(gauge("pgbaton.primary.timeline")).isEqualTo(2);
    }

    @Test
    void movesOfIdleConnectionsAreNoWaitsOfCalls() throws Exception {
        PoolableConnection idle = connection.unwrap(PoolableConnection.class);
        idle.pooled(() -> {});
        connection.clearWarnings();
        source.elect("node2");
        assertThat(idle.reattach(PATIENCE)).isEqualTo(PoolableConnection.Reattachment.MOVED);

        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(registry.get("pgbaton.sessions.moved.idle")
                                .tag("cluster", name)
                                .counter()
                                .count())
                        .isEqualTo(1));
        assertThat(timed("pgbaton.session.move")).isZero();
    }

    @Test
    void metersCountTransactions() throws Exception {
        connection.setAutoCommit(false);
        execute("SELECT 1");
        connection.commit();
        execute("SELECT 2");
        source.elect("node2");
        try {
            execute("SELECT 3");
        } catch (SQLException lost) {
            connection.rollback();
        }

        double all = 0;
        double afterwards = 0;
        for (String outcome : new String[] {"protected", "unprotected", "replayed", "lost"}) {
            double count = registry.get("pgbaton.transactions")
                    .tags("cluster", name, "outcome", outcome)
                    .functionCounter()
                    .count();
            all += count;
            afterwards += outcome.equals("replayed") || outcome.equals("lost") ? count : 0;
        }
        assertThat(all).isEqualTo(2);
        assertThat(afterwards).isEqualTo(1);
    }

    /** A registry that is bound late has the meters of the clusters that are there. */
    @Test
    void registryThatIsBoundLaterHasTheMetersToo() {
        SimpleMeterRegistry late = new SimpleMeterRegistry();
        meters.bindTo(late);
        assertThat(late.get("pgbaton.failover").tag("cluster", name).timer().count())
                .isZero();
    }
}
