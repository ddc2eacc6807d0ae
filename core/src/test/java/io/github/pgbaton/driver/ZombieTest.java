package io.github.pgbaton.driver;

import static io.github.pgbaton.driver.Scripts.awaitRefusal;
import static io.github.pgbaton.driver.Scripts.run;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.github.pgbaton.BatonDataSource;
import io.github.pgbaton.pool.UnexpectedReadOnlyException;
import io.github.pgbaton.scripted.ScriptedLeaderSource;
import io.github.pgbaton.scripted.ScriptedPostgres;
import io.github.pgbaton.scripted.ScriptedPostgres.Reaction;
import io.github.pgbaton.topology.HostPort;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.LoggerFactory;

/** A member that still believes to be the primary gets no connection, and keeps none. */
@Timeout(60)
class ZombieTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final Scripts scripts = new Scripts("zombie");

    @AfterEach
    void close() throws Exception {
        scripts.close();
    }

    private static long questions(ScriptedPostgres server) {
        return server.allStatements().stream()
                .filter(sql -> sql.contains("pg_control_system"))
                .count();
    }

    @Test
    void zombieThatTakesTheLockBackGetsNothingUntilTheNewerPrimaryHasItAgain() throws Exception {
        ScriptedPostgres zombie = scripts.server().timeline(4);
        ScriptedPostgres newer = scripts.server().timeline(5);
        ScriptedLeaderSource source = scripts.source(zombie, newer);
        source.elect("node1");
        BatonDataSource following = scripts.following("failoverTimeout=20s");
        try (Connection connection = following.getConnection()) {
            run(connection, "INSERT 1");
            source.elect("node2");
            run(connection, "INSERT 2");
            source.elect("node1");
            CompletableFuture<Void> waiting = CompletableFuture.runAsync(
                    () -> {
                        try {
                            run(connection, "INSERT 3");
                        } catch (SQLException e) {
                            throw new IllegalStateException(e);
                        }
                    },
                    task -> new Thread(task, "waiting").start());
            long asked = questions(zombie);
            await("the zombie is asked, and refused").atMost(PATIENCE).until(() -> questions(zombie) > asked + 1);
            assertThat(waiting).isNotDone();
            await("none stays there").atMost(PATIENCE).until(() -> zombie.openSessions() == 0);
            source.elect("node2");
            waiting.get(20, TimeUnit.SECONDS);
        }
        assertThat(zombie.statements()).containsExactly("INSERT 1");
        assertThat(newer.statements()).containsExactly("INSERT 2", "INSERT 3");
        await().atMost(PATIENCE).until(() -> zombie.openSessions() == 0);
    }

    @Test
    void zombieIsKnownByTheHistoryWhereThisClientNeverSawTheNewerPrimary() throws Exception {
        ScriptedPostgres zombie = scripts.server().timeline(4).system("7");
        scripts.source(zombie).system("7").history(5).elect("node1");
        awaitRefusal(scripts.following("failoverTimeout=1s"), "timeline 4", "timeline 5");
        assertThat(zombie.statements()).isEmpty();
    }

    @Test
    void leaderThatTheHistoryOutdatesKeepsNoSession() throws Exception {
        ScriptedPostgres zombie = scripts.server().timeline(4).system("7");
        ScriptedLeaderSource source = scripts.source(zombie).system("7");
        source.elect("node1");
        zombie.script(sql -> sql.equals("BREAK") ? Reaction.HANG_UP : Reaction.SUCCEED);
        BatonDataSource following = scripts.following("failoverTimeout=1s");
        try (Connection working = Scripts.opened(following);
                Connection breaking = Scripts.opened(following)) {
            run(working, "INSERT 1");
            source.history(5).elect("node1");
            run(working, "INSERT 2");
            assertThatThrownBy(() -> run(breaking, "BREAK")).isInstanceOf(SQLException.class);
            // Whoever connects next asks it, and finds it to be of the past.
            awaitRefusal(following, "timeline 4", "timeline 5");
            await().atMost(PATIENCE).until(() -> zombie.openSessions() == 0);
        }
        assertThat(zombie.statements()).containsExactly("INSERT 1", "INSERT 2", "BREAK");
    }

    @Test
    void askingTheMembersAbortsTheSessionsToAZombie() throws Exception {
        ScriptedPostgres zombie = scripts.server();
        ScriptedPostgres newer = scripts.server().inRecovery(true);
        BatonDataSource asking =
                scripts.dataSource("//" + zombie.address() + "," + newer.address() + "/db?failoverTimeout=20s");
        zombie.script(sql -> sql.equals("BREAK") ? Reaction.HANG_UP : Reaction.SUCCEED);
        try (Connection working = asking.getConnection();
                Connection breaking = asking.getConnection()) {
            run(working, "INSERT 1");
            newer.timeline(2).inRecovery(false);
            assertThatThrownBy(() -> run(breaking, "BREAK")).isInstanceOf(SQLException.class);
            run(breaking, "INSERT 2");
            await().atMost(PATIENCE).until(() -> zombie.openSessions() == 0);
            run(working, "INSERT 3");
        }
        assertThat(zombie.statements()).containsExactly("INSERT 1", "BREAK");
        assertThat(newer.statements()).containsExactly("INSERT 2", "INSERT 3");
    }

    /** The members named it by an address of the URL, and a source that is back names another one, whose name cannot be looked up. */
    @Test
    void newLeaderEndsTheSessionsToAnotherMemberThatWasFoundByAsking() throws Exception {
        ScriptedPostgres zombie = scripts.server();
        ScriptedLeaderSource source = scripts.source(zombie);
        source.member("node2", new HostPort("pg2.invalid", 5432));
        Logger failovers = (Logger) LoggerFactory.getLogger("io.github.pgbaton.failover");
        ListAppender<ILoggingEvent> lines = new ListAppender<>();
        lines.start();
        BatonDataSource following = scripts.dataSource("//localhost:"
                + zombie.address().port() + "/db?failoverTimeout=3s&etcd=http://127.0.0.1:1&scope=" + scripts.scope);
        CompletableFuture<Connection> connecting = Scripts.connecting(following);
        await().atMost(PATIENCE).until(source::isStarted);
        source.degrade("nobody answers");
        failovers.addAppender(lines);
        try (Connection connection = connecting.get(20, TimeUnit.SECONDS)) {
            run(connection, "INSERT 1");

            source.elect("node2");
            assertThatThrownBy(() -> run(connection, "INSERT 2"))
                    .isInstanceOfSatisfying(
                            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("08001"));
            await("they are marked before anybody hears of it")
                    .atMost(PATIENCE)
                    .until(() -> List.copyOf(lines.list).stream()
                            .anyMatch(line -> line.getFormattedMessage().contains("the lock went from localhost")));
        } finally {
            failovers.detachAppender(lines);
        }
        assertThat(zombie.statements()).containsExactly("INSERT 1");
    }

    @Test
    void leaderWhoseAddressIsNotKnownYetEndsTheSessionsToTheOldOne() throws Exception {
        ScriptedPostgres old = scripts.server();
        ScriptedPostgres next = scripts.server().timeline(2);
        ScriptedLeaderSource source = scripts.source(old);
        source.elect("node1");
        try (Connection connection = scripts.following().getConnection()) {
            run(connection, "INSERT 1");
            source.elect("node2");
            await().atMost(PATIENCE).until(() -> old.openSessions() == 0);
            source.member("node2", next.address()).elect("node2");
            run(connection, "INSERT 2");
        }
        assertThat(old.statements()).containsExactly("INSERT 1");
        assertThat(next.statements()).containsExactly("INSERT 2");
    }

    @Test
    void refusedWriteEndsTheSessionsToADemotedMember() throws Exception {
        ScriptedPostgres demoted = scripts.server();
        ScriptedLeaderSource source = scripts.source(demoted);
        source.elect("node1");
        demoted.script(sql -> sql.startsWith("INSERT") ? Reaction.FAIL_READ_ONLY : Reaction.SUCCEED);
        BatonDataSource following = scripts.following();
        try (Connection writing = following.getConnection();
                Connection resting = following.getConnection()) {
            run(resting, "SELECT 1");
            demoted.inRecovery(true);
            int before = source.suspicions();
            assertThatThrownBy(() -> run(writing, "INSERT 1")).isInstanceOfSatisfying(SQLException.class, e -> {
                assertThat(e.getSQLState()).isEqualTo("25006");
                assertThat((Throwable) e.getNextException())
                        .as("for the pool")
                        .isInstanceOf(UnexpectedReadOnlyException.class)
                        .hasMessageContaining(demoted.address().toString());
            });
            await().atMost(PATIENCE).until(() -> demoted.openSessions() == 0);
            assertThat(source.suspicions()).isGreaterThan(before);
            demoted.inRecovery(false).timeline(2);
            run(resting, "SELECT 2");
        }
    }

    @Test
    void refusedWriteOnAPrimaryLeavesItsSessionsAlone() throws Exception {
        ScriptedPostgres primary = scripts.server();
        scripts.source(primary).elect("node1");
        primary.script(sql -> sql.startsWith("INSERT") ? Reaction.FAIL_READ_ONLY : Reaction.SUCCEED);
        BatonDataSource following = scripts.following();
        try (Connection writing = following.getConnection();
                Connection resting = following.getConnection()) {
            run(resting, "SELECT 1");
            long before = questions(primary);
            for (int i = 0; i < 20; i++) {
                assertThatThrownBy(() -> run(writing, "INSERT 1"))
                        .isInstanceOfSatisfying(
                                SQLException.class,
                                e -> assertThat(e.getSQLState()).isEqualTo("25006"));
            }
            await("the member is looked at").atMost(PATIENCE).until(() -> questions(primary) > before);
            await("and left alone")
                    .during(Duration.ofMillis(300))
                    .atMost(PATIENCE)
                    .until(() -> primary.openSessions() >= 2);
            int sessions = primary.accepted();
            run(resting, "SELECT 2");
            assertThat(primary.accepted()).as("the session is the old one").isEqualTo(sessions);
        }
    }

    @Test
    void writeInATransactionThatTheApplicationMadeReadOnlyIsNoSuspicion() throws Exception {
        ScriptedPostgres primary = scripts.server();
        ScriptedLeaderSource source = scripts.source(primary);
        source.elect("node1");
        primary.script(sql -> sql.startsWith("INSERT") ? Reaction.FAIL_READ_ONLY : Reaction.SUCCEED);
        try (Connection reading = scripts.following().getConnection()) {
            reading.setReadOnly(true);
            long questions = questions(primary);
            int suspicions = source.suspicions();
            assertThatThrownBy(() -> run(reading, "INSERT 1")).isInstanceOfSatisfying(SQLException.class, e -> {
                assertThat(e.getSQLState()).isEqualTo("25006");
                assertThat((Throwable) e.getNextException()).as("for the pool").isNull();
            });
            assertThat(source.suspicions()).isEqualTo(suspicions);
            assertThat(questions(primary)).isEqualTo(questions);
        }
    }
}
