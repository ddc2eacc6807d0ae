package io.github.pgbaton.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.BatonDriver;
import io.github.pgbaton.event.FailoverEvent;
import io.github.pgbaton.event.FailoverListener;
import io.github.pgbaton.event.FailoverListeners;
import io.github.pgbaton.scripted.ScriptedLeaderSource;
import io.github.pgbaton.scripted.ScriptedPostgres;
import io.github.pgbaton.topology.Switchover;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What listeners are told of a failover, and that nobody waits for them. */
@Timeout(60)
class FailoverEventsTest {
    private static final AtomicInteger SCOPES = new AtomicInteger();
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final List<FailoverEvent> events = new CopyOnWriteArrayList<>();
    private FailoverListener listener;
    private ScriptedPostgres first;
    private ScriptedPostgres second;
    private ScriptedLeaderSource source;
    private String scope;
    private Connection connection;

    @BeforeEach
    void open() throws Exception {
        // Longer than any test takes but the one about its end.
        open("20s");
    }

    private void open(String switchoverHold) throws Exception {
        first = new ScriptedPostgres();
        second = new ScriptedPostgres().timeline(2);
        scope = "events-" + SCOPES.incrementAndGet();
        listener = event -> {
            if (event.cluster().equals("/service/" + scope)) {
                events.add(event);
            }
        };
        FailoverListeners.add(listener);
        source = ScriptedLeaderSource.register(scope, first, second);
        source.elect("node1");
        Properties properties = new Properties();
        properties.setProperty("user", "app");
        connection = new BatonDriver()
                .connect(
                        "jdbc:pgbaton:postgresql:///db?etcd=http://127.0.0.1:1&failoverTimeout=20s&sslmode=disable"
                                + "&switchoverHold=" + switchoverHold + "&scope=" + scope,
                        properties);
        await().atMost(PATIENCE).until(() -> kinds().contains("LeaderElected"));
        events.clear();
    }

    @AfterEach
    void close() throws Exception {
        FailoverListeners.remove(listener);
        connection.close();
        first.close();
        second.close();
    }

    private void execute(String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private List<String> kinds() {
        return events.stream().map(event -> event.getClass().getSimpleName()).toList();
    }

    private <T extends FailoverEvent> T one(Class<T> kind) {
        return events.stream()
                .filter(kind::isInstance)
                .map(kind::cast)
                .reduce((a, b) -> {
                    throw new AssertionError("more than one " + kind);
                })
                .orElseThrow();
    }

    @Test
    void failoverIsToldFromTheLossToTheMovedSession() throws Exception {
        execute("LISTEN orders");
        source.loseLeader();
        source.elect("node2");
        execute("SELECT 1");

        await().atMost(PATIENCE).until(() -> kinds().contains("NotificationsMissed"));
        assertThat(kinds())
                .containsExactly(
                        "LeaderLost",
                        "LeaderElected",
                        "SessionsAborted",
                        "PrimaryWritable",
                        "SessionMoved",
                        "NotificationsMissed");
        assertThat(one(FailoverEvent.LeaderLost.class).reason()).contains("node1");
        assertThat(one(FailoverEvent.LeaderElected.class).address()).isEqualTo(second.address());
        assertThat(one(FailoverEvent.SessionsAborted.class).count()).isEqualTo(1);
        FailoverEvent.PrimaryWritable writable = one(FailoverEvent.PrimaryWritable.class);
        assertThat(writable.member()).isEqualTo("node2");
        assertThat(writable.timeline()).isEqualTo(2);
        assertThat(writable.sinceLost()).isPositive();
        FailoverEvent.SessionMoved moved = one(FailoverEvent.SessionMoved.class);
        assertThat(moved.from()).isEqualTo(first.address());
        assertThat(moved.to()).isEqualTo(second.address());
        assertThat(one(FailoverEvent.NotificationsMissed.class).channels()).containsExactly("orders");
        assertThat(events).isSortedAccordingTo((a, b) -> a.at().compareTo(b.at()));
    }

    @Test
    void holdIsToldWhenItStartsAndWhenItEndsWithTheSwitchover() throws Exception {
        source.announce(new Switchover("node1", "node2", false));
        source.announceNothingAndElect("node2");
        await().atMost(PATIENCE).until(() -> kinds().contains("HoldEnded"));

        assertThat(kinds()).startsWith("HoldStarted").doesNotContain("LeaderLost");
        assertThat(one(FailoverEvent.HoldStarted.class).longest()).isEqualTo(Duration.ofSeconds(20));
        assertThat(one(FailoverEvent.HoldEnded.class).switched()).isTrue();
    }

    @Test
    void switchoverWhoseKeyIsEmptiedAfterTheElectionIsToldToItsEnd() throws Exception {
        source.announce(new Switchover("node1", "node2", false));
        source.loseLeader();
        source.elect("node2");
        source.announce(null);
        execute("SELECT 1");

        await().atMost(PATIENCE).until(() -> kinds().contains("SessionMoved"));
        assertThat(kinds()).contains("PrimaryWritable");
        assertThat(one(FailoverEvent.PrimaryWritable.class).member()).isEqualTo("node2");
    }

    @Test
    void holdThatLastsTooLongEndsWithoutASwitchover() throws Exception {
        close();
        open("300ms");
        source.announce(new Switchover("node1", "node2", false));
        await().atMost(PATIENCE).until(() -> kinds().contains("HoldEnded"));
        assertThat(one(FailoverEvent.HoldEnded.class).switched()).isFalse();
    }

    @Test
    void silentSourceIsToldAndItsReturn() throws Exception {
        source.degrade("quorum lost");
        source.elect("node1");
        await().atMost(PATIENCE).until(() -> kinds().contains("SourceHealed"));
        assertThat(kinds()).startsWith("SourceDegraded");
        assertThat(one(FailoverEvent.SourceDegraded.class).reason()).contains("quorum lost");
    }

    @Test
    void nobodyWaitsForAListenerThatBlocks() throws Exception {
        CountDownLatch never = new CountDownLatch(1);
        FailoverListener blocks = event -> {
            try {
                never.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException("told to end", e);
            }
        };
        FailoverListeners.add(blocks);
        try {
            for (int i = 0; i < 2_000; i++) {
                source.degrade("again");
            }
            source.elect("node2");
            execute("SELECT 1");
            assertThat(second.statements()).contains("SELECT 1");
        } finally {
            FailoverListeners.remove(blocks);
            never.countDown();
        }
        await().atMost(PATIENCE).until(() -> kinds().contains("SourceDegraded"));
        assertThat(events.size()).as("what did not fit was dropped").isLessThan(2_000);
    }

    @Test
    void listenerThatThrowsKeepsNothingFromTheNextOne() throws Exception {
        FailoverListener throwing = event -> {
            throw new IllegalStateException("a listener's own mistake");
        };
        List<FailoverEvent> heard = new CopyOnWriteArrayList<>();
        FailoverListener next = heard::add;
        FailoverListeners.add(throwing);
        FailoverListeners.add(next);
        try {
            source.loseLeader();
            source.elect("node2");
            execute("SELECT 1");
            await().atMost(PATIENCE).until(() -> kinds().contains("SessionMoved"));
            await().atMost(PATIENCE)
                    .untilAsserted(() -> assertThat(heard.stream()
                                    .filter(event -> event.cluster().endsWith(scope))
                                    .toList())
                            .isEqualTo(events));
        } finally {
            FailoverListeners.remove(throwing);
            FailoverListeners.remove(next);
        }
    }
}
