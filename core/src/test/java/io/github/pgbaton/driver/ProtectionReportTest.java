package io.github.pgbaton.driver;

import static io.github.pgbaton.driver.Scripts.run;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.github.pgbaton.Protection;
import io.github.pgbaton.replay.ProtectionReport;
import io.github.pgbaton.scripted.ScriptedPostgres.Reaction;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.LoggerFactory;

/** What is counted of transactions while a server, with or without a synchronous standby, is there and when it is gone. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ProtectionReportTest extends PairOnScripts {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    ProtectionReportTest() {
        super("protection");
    }

    private ProtectionReport report() {
        return Protection.reports().stream()
                .filter(report -> report.cluster().endsWith(scripts.scope))
                .findFirst()
                .orElseThrow();
    }

    private Connection connection(String... more) throws SQLException {
        Connection connection = scripts.following(more).getConnection();
        connection.setAutoCommit(false);
        return connection;
    }

    private static void commit(Connection connection) throws SQLException {
        run(connection, "UPDATE work SET note = 'x'");
        connection.commit();
    }

    private void synchronousCluster() {
        source.synchronous().elect("node1");
        first.ledger();
        second.ledger();
    }

    @Test
    void whatIsCommittedWithoutASynchronousStandbyIsCountedAndToldWhenTheFailoverEnds() throws Exception {
        synchronousCluster();
        try (Connection before = connection()) {
            commit(before);
            assertThat(report().withoutStandby()).as("the server names one").isZero();
        }
        first.alone(true);
        Logger logger = (Logger) LoggerFactory.getLogger("io.github.pgbaton.failover");
        ListAppender<ILoggingEvent> lines = new ListAppender<>();
        lines.start();
        logger.addAppender(lines);
        try (Connection alone = connection()) {
            commit(alone);
            commit(alone);
            assertThat(report().withoutStandby()).isEqualTo(2);
            source.loseLeader();
            source.elect("node2");
            run(alone, "SELECT 1");
            // Another thread may be at it still.
            await().atMost(PATIENCE)
                    .until(() -> List.copyOf(lines.list).stream()
                            .anyMatch(line -> line.getFormattedMessage().contains(" ended: ")));
        } finally {
            logger.detachAppender(lines);
        }
        assertThat(lines.list.stream()
                        .map(ILoggingEvent::getFormattedMessage)
                        .filter(line -> line.contains(scripts.scope) && line.contains(" ended: ")))
                .singleElement()
                .asString()
                .endsWith("; transactions so far: 3 protected, 0 not, 0 replayed, 0 lost, 2 committed without a"
                        + " synchronous standby, 0 commits in doubt");
    }

    @Test
    void whetherThereIsAStandbyAgainIsAskedOfTheServer() throws Exception {
        synchronousCluster();
        first.alone(true);
        try (Connection connection = connection()) {
            commit(connection);
            first.alone(false);
            await().atMost(PATIENCE).until(() -> {
                long counted = report().withoutStandby();
                commit(connection);
                return report().withoutStandby() == counted;
            });
        }
    }

    @Test
    void clusterThatIsToHaveNoSynchronousStandbyIsNotBlamedForNone() throws Exception {
        first.ledger().alone(true);
        try (Connection connection = connection()) {
            commit(connection);
        }
        assertThat(report().withoutStandby()).isZero();
    }

    @Test
    void commitsInDoubtAreCounted() throws Exception {
        first.script(sql -> sql.equals("COMMIT") ? Reaction.HANG_UP : Reaction.SUCCEED);
        try (Connection connection = connection("commitOutcome=none")) {
            SQLException told = catchThrowableOfType(SQLException.class, () -> commit(connection));
            assertThat(told.getSQLState()).isEqualTo("08007");
        }
        assertThat(report().inDoubt()).isEqualTo(1);
    }
}
