package io.github.pgbaton.driver;

import static io.github.pgbaton.driver.Scripts.run;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.pgbaton.replay.ReplayableConnection;
import io.github.pgbaton.scripted.ScriptedPostgres.Reaction;
import io.github.pgbaton.topology.Switchover;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Which transactions an announced switchover holds back: those that nobody could replay if it cut them off. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SwitchoverHoldingTest extends PairOnScripts {
    private static final String LAST = "INSERT INTO t VALUES (1)";
    private static final String NEXT = "INSERT INTO t VALUES (2)";

    SwitchoverHoldingTest() {
        super("holding");
    }

    private Connection connect() throws SQLException {
        return scripts.following("failoverTimeout=20s", "switchoverHold=20s").getConnection();
    }

    private void announce() {
        source.announce(new Switchover("node1", null, false).asBegun());
    }

    @Test
    void transactionThatWouldBeReplayedIsNotHeld() throws Exception {
        first.ledger();
        second.ledger();
        try (Connection connection = connect()) {
            connection.setAutoCommit(false);
            run(connection, LAST);
            connection.commit();
            announce();
            run(connection, NEXT);
            assertThat(first.statements()).contains(NEXT);
            first.script(sql -> {
                if (sql.contains("pgbaton.tx")) {
                    source.elect("node2");
                    return Reaction.HANG_UP;
                }
                return Reaction.SUCCEED;
            });
            connection.commit();
        }
        assertThat(second.statements()).containsOnlyOnce(NEXT).doesNotContain(LAST);
    }

    /** Why the next transaction might not be replayed. */
    enum Reason {
        NO_LEDGER {
            @Override
            void last(SwitchoverHoldingTest test, Connection connection) throws SQLException {
                commit(connection);
            }
        },
        THE_FIRST_ONE {
            @Override
            void last(SwitchoverHoldingTest test, Connection connection) throws SQLException {
                test.first.ledger();
                connection.setAutoCommit(false);
            }
        },
        AUTOCOMMIT {
            @Override
            void last(SwitchoverHoldingTest test, Connection connection) throws SQLException {
                test.first.ledger();
                commit(connection);
                connection.setAutoCommit(true);
            }
        },
        REPLAY_IS_DISABLED_FOR_IT {
            @Override
            void last(SwitchoverHoldingTest test, Connection connection) throws SQLException {
                test.first.ledger();
                commit(connection);
                connection.unwrap(ReplayableConnection.class).disableReplay();
            }
        },
        THE_LAST_ONE_WAS_NOT {
            @Override
            void last(SwitchoverHoldingTest test, Connection connection) throws SQLException {
                test.first.ledger();
                commit(connection);
                connection.unwrap(ReplayableConnection.class).disableReplay();
                commit(connection);
            }
        };

        abstract void last(SwitchoverHoldingTest test, Connection connection) throws SQLException;

        static void commit(Connection connection) throws SQLException {
            connection.setAutoCommit(false);
            run(connection, LAST);
            connection.commit();
        }
    }

    /** The old primary is gone when the hold is over, and no other one is there. */
    @Test
    void holdAndTheWaitForAPrimaryBehindItTogetherTakeNoLongerThanTheQueryTimeout() throws Exception {
        try (Connection connection = scripts.following("failoverTimeout=30s", "switchoverHold=5s")
                        .getConnection();
                Statement statement = connection.createStatement()) {
            run(connection, LAST);
            statement.setQueryTimeout(6);
            announce();
            long begin = System.nanoTime();
            Waiting waiting = new Waiting(() -> statement.execute(NEXT));
            waiting.awaitParked();
            first.close();

            assertThat(waiting.failure().getSQLState()).isEqualTo("57014");
            assertThat(Duration.ofNanos(System.nanoTime() - begin))
                    .as("5 s and 6 s would be 11")
                    .isLessThan(Duration.ofSeconds(10));
        }
    }

    @ParameterizedTest
    @EnumSource
    void transactionThatMightNotBeReplayedIsHeld(Reason reason) throws Exception {
        try (Connection connection = connect()) {
            reason.last(this, connection);
            announce();
            Waiting waiting = new Waiting(() -> run(connection, NEXT));
            waiting.awaitParked();
            waiting.interruptedIsTold();
        }
        assertThat(first.statements()).doesNotContain(NEXT);
    }
}
