package io.github.pgbaton.driver;

import static io.github.pgbaton.driver.Scripts.run;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.scripted.ScriptedPostgres.Reaction;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Calls that were cancelled, or met their query time-out, on a member that froze: the failover must not make them again. */
@Timeout(60)
class GivenUpCallsTest extends PairOnScripts {
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final String INSERT = "INSERT INTO t VALUES (1)";
    private static final String QUERY = "SELECT a FROM t";

    /** How a call is given up. */
    enum How {
        CANCEL(0),
        TIME_OUT(1);

        private final int seconds;

        How(int seconds) {
            this.seconds = seconds;
        }
    }

    GivenUpCallsTest() {
        super("given-up");
    }

    @BeforeEach
    void answer() {
        first.ledger().answers(GivenUpCallsTest::harmless);
        second.ledger().answers(GivenUpCallsTest::harmless);
    }

    /** What a query that was cut off calls: nothing. */
    private static String[] harmless(String sql) {
        return sql.startsWith("WITH RECURSIVE named") ? new String[] {""} : null;
    }

    private Connection connect(String more) throws SQLException {
        return scripts.following("failoverTimeout=20s", "hangThreshold=0ms", "cancelSignalTimeout=1", more)
                .getConnection();
    }

    /** What the call is told that hangs on the first member, and is given up before the second one is elected. */
    private SQLException givenUp(Connection connection, String sql, How how) throws Exception {
        first.script(sent -> sent.equals(sql) ? Reaction.HANG : Reaction.SUCCEED);
        int heard = first.cancels();
        try (Statement statement = connection.createStatement()) {
            statement.setQueryTimeout(how.seconds);
            CompletableFuture<SQLException> told = new CompletableFuture<>();
            Thread caller = new Thread(
                    () -> told.complete(catchThrowableOfType(SQLException.class, () -> statement.execute(sql))),
                    "given-up");
            caller.start();
            await().atMost(PATIENCE).until(() -> first.statements().contains(sql));
            if (how == How.CANCEL) {
                statement.cancel();
            }
            await().atMost(PATIENCE).until(() -> first.cancels() > heard);
            source.elect("node2");
            return told.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        }
    }

    /** Nobody has shown that it changed nothing, so that 57014 would promise too much. */
    @ParameterizedTest
    @EnumSource
    void queryInAutocommitModeIsUnknown(How how) throws Exception {
        try (Connection connection = connect("replay=verified")) {
            SQLException told = givenUp(connection, QUERY, how);

            assertThat(told.getSQLState()).isEqualTo("40003");
            assertThat((Throwable) told).hasMessageContaining("cancelled or met its query time-out");
            run(connection, INSERT);
        }
        assertThat(second.statements()).doesNotContain(QUERY).contains(INSERT);
    }

    @ParameterizedTest
    @EnumSource
    void writeInATransactionOfTheDriversOwnIsCancelled(How how) throws Exception {
        try (Connection connection = connect("autocommitReplay=on")) {
            assertThat(givenUp(connection, INSERT, how).getSQLState()).isEqualTo("57014");
            assertThat(connection.getAutoCommit()).isTrue();
            run(connection, QUERY);
        }
        assertThat(second.statements()).doesNotContain(INSERT).contains(QUERY);
    }

    @ParameterizedTest
    @EnumSource
    void firstStatementOfATransactionIsCancelledAndItsTransactionLost(How how) throws Exception {
        try (Connection connection = connect("replay=verified")) {
            connection.setAutoCommit(false);
            assertThat(givenUp(connection, QUERY, how).getSQLState()).isEqualTo("57014");
            assertLostUntilRolledBack(connection);
        }
        assertThat(second.statements()).doesNotContain(QUERY);
    }

    @ParameterizedTest
    @EnumSource
    void laterStatementOfATransactionIsCancelledAndItsTransactionLost(How how) throws Exception {
        try (Connection connection = connect("replay=verified")) {
            connection.setAutoCommit(false);
            run(connection, "UPDATE t SET a = 1");
            assertThat(givenUp(connection, QUERY, how).getSQLState()).isEqualTo("57014");
            assertLostUntilRolledBack(connection);
        }
        assertThat(second.statements()).doesNotContain(QUERY, "UPDATE t SET a = 1");
    }

    private static void assertLostUntilRolledBack(Connection connection) throws SQLException {
        assertThat(catchThrowableOfType(SQLException.class, () -> run(connection, INSERT))
                        .getSQLState())
                .isEqualTo("40001");
        connection.rollback();
        run(connection, INSERT);
        connection.commit();
    }
}
