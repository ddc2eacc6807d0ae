package io.github.pgbaton.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import java.sql.BatchUpdateException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** What is told of texts and batches that fail in autocommit mode, and what they leave behind; on a real PostgreSQL. */
@Timeout(180)
class FailedTextsIT extends WireBench {
    private static final String KEPT = "SELECT current_setting('wired.kept', true)";

    @BeforeEach
    void autocommit() throws Exception {
        connect("");
        connection.setAutoCommit(true);
    }

    /** How an application sends several statements in one call. */
    enum Sending {
        TEXT {
            @Override
            void send(Connection connection, String first, String second) throws SQLException {
                run(connection, first + "; " + second);
            }
        },
        PREPARED {
            @Override
            void send(Connection connection, String first, String second) throws SQLException {
                try (PreparedStatement statement = connection.prepareStatement(first + "; " + second)) {
                    statement.execute();
                }
            }
        },
        BATCH {
            @Override
            void send(Connection connection, String first, String second) throws SQLException {
                try (Statement statement = connection.createStatement()) {
                    statement.addBatch(first);
                    statement.addBatch(second);
                    statement.executeBatch();
                }
            }
        };

        abstract void send(Connection connection, String first, String second) throws SQLException;
    }

    /** The next session has it too, or the application is told; it is not made up either. */
    @ParameterizedTest
    @CsvSource({
        "simple, TEXT, before",
        "simple, PREPARED, after",
        "simple, BATCH, after",
        "extended, TEXT, before",
        "extended, PREPARED, before",
        "extended, BATCH, before",
        "extendedForPrepared, TEXT, before",
        "extendedForPrepared, PREPARED, before",
        "extendedForPrepared, BATCH, after"
    })
    void settingInFrontOfAFailureIsWhereTheServerHasIt(String mode, Sending sending, String left) throws Exception {
        connect("&preferQueryMode=" + mode);
        connection.setAutoCommit(true);
        run("SET wired.kept TO 'before'");
        SQLException failed = catchThrowableOfType(
                SQLException.class,
                () -> sending.send(connection, "SET wired.kept TO 'after'", "INSERT INTO wired_sum VALUES (1 / 0)"));
        assertThat(failed.getSQLState()).isEqualTo("22012");
        assertThat(text(connection, KEPT)).as("what PgJDBC made of it").isEqualTo(left);

        assertKeptOrTold(left);
    }

    @Test
    void settingCommittedByATextThatFailsLaterIsWhereTheServerHasIt() throws Exception {
        SQLException failed =
                catchThrowableOfType(SQLException.class, () -> run("SET wired.kept TO 'after'; COMMIT; SELECT 1 / 0"));
        assertThat(failed.getSQLState()).isEqualTo("22012");

        assertThat(text(connection, KEPT)).isEqualTo("after");
        assertKeptOrTold("after");
    }

    @Test
    void temporaryTableCommittedByATextThatFailsLaterIsMissed() throws Exception {
        SQLException failed = catchThrowableOfType(
                SQLException.class, () -> run("CREATE TEMP TABLE wired_temp (n int); COMMIT; SELECT 1 / 0"));
        assertThat(failed.getSQLState()).isEqualTo("22012");
        run("SELECT n FROM wired_temp");
        loseTheSession();

        assertThat(catchThrowableOfType(SQLException.class, () -> fromTheNextSession("SELECT 1"))
                        .getSQLState())
                .isEqualTo("08S02");
    }

    private void assertKeptOrTold(String there) throws Exception {
        loseTheSession();
        String now;
        try {
            now = fromTheNextSession(KEPT);
        } catch (SQLException e) {
            assertThat(e.getSQLState()).isEqualTo("08S02");
            assertThat((Throwable) e).hasMessageContaining("failed half-way");
            return;
        }
        assertThat(Objects.requireNonNullElse(now, "")).isEqualTo(there);
    }

    /** The first call may be sent to the dead session, and is not made again where that held something. */
    private String fromTheNextSession(String sql) throws SQLException {
        try {
            return text(connection, sql);
        } catch (SQLException e) {
            if (!"40003".equals(e.getSQLState())) {
                throw e;
            }
            return text(connection, sql);
        }
    }

    private void loseTheSession() throws Exception {
        asAdmin("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'wired'");
        await().atMost(PATIENCE)
                .until(() -> text(admin, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'wired'")
                        .equals("0"));
    }

    /** A batch, by each of the methods that run one. */
    enum Batch {
        TEXTS {
            @Override
            void run(Connection connection) throws SQLException {
                try (Statement batch = connection.createStatement()) {
                    batch.addBatch("INSERT INTO wired_child VALUES ('good')");
                    batch.addBatch("INSERT INTO wired_child VALUES ('bad')");
                    batch.addBatch("INSERT INTO wired_child VALUES ('good')");
                    batch.executeBatch();
                }
            }
        },
        ROWS {
            @Override
            void run(Connection connection) throws SQLException {
                try (PreparedStatement batch = rows(connection)) {
                    batch.executeBatch();
                }
            }
        },
        LARGE {
            @Override
            void run(Connection connection) throws SQLException {
                try (PreparedStatement batch = rows(connection)) {
                    batch.executeLargeBatch();
                }
            }
        };

        abstract void run(Connection connection) throws SQLException;

        private static PreparedStatement rows(Connection connection) throws SQLException {
            PreparedStatement batch = connection.prepareStatement("INSERT INTO wired_child VALUES (?)");
            for (String row : new String[] {"good", "bad", "good"}) {
                batch.setString(1, row);
                batch.addBatch();
            }
            return batch;
        }
    }

    @ParameterizedTest
    @EnumSource
    void deferredConstraintFailsABatchAsItDoesWithoutTheDriver(Batch batch) throws Exception {
        asAdmin(
                "DROP TABLE IF EXISTS wired_child, wired_parent",
                "CREATE TABLE wired_parent (v text PRIMARY KEY)",
                "INSERT INTO wired_parent VALUES ('good')",
                "CREATE TABLE wired_child (v text REFERENCES wired_parent DEFERRABLE INITIALLY DEFERRED)",
                "GRANT ALL ON wired_child TO PUBLIC");
        connect("&autocommitReplay=on");
        connection.setAutoCommit(true);

        BatchUpdateException plain = catchThrowableOfType(BatchUpdateException.class, () -> batch.run(admin));
        BatchUpdateException ours = catchThrowableOfType(BatchUpdateException.class, () -> batch.run(connection));

        assertThat(ours.getSQLState()).isEqualTo(plain.getSQLState()).isEqualTo("23503");
        assertThat(ours.getUpdateCounts()).isEqualTo(plain.getUpdateCounts()).hasSize(3);
        assertThat(ours.getLargeUpdateCounts()).isEqualTo(plain.getLargeUpdateCounts());
        assertThat(ours.getErrorCode()).isEqualTo(plain.getErrorCode());
        assertThat(ours.getCause())
                .hasSameClassAs(plain.getCause())
                .hasMessage(plain.getCause().getMessage());
        assertThat((Throwable) ours.getNextException())
                .hasMessage(plain.getNextException().getMessage());
        assertThat(text(admin, "SELECT count(*) FROM wired_child")).isEqualTo("0");
        assertThat(connection.getAutoCommit()).isTrue();
        run(insert("after"));
        assertThat(rows()).containsExactly("after");
    }
}
