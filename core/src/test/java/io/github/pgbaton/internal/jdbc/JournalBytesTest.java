package io.github.pgbaton.internal.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.pgbaton.internal.replay.Journal;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.postgresql.util.PGobject;

/** Whatever a step keeps alive counts against journalLimit, with at least as many bytes as it has. */
class JournalBytesTest {
    private static final int LARGE = 100_000;
    private static final String TEXT = "x".repeat(LARGE);

    private final Journal journal = new Journal(true, 1 << 20, Set.of());
    private final QuietSession session = new QuietSession(journal);
    private final BatonConnection connection = new BatonConnection(session);

    @BeforeEach
    void begin() {
        session.autoCommit = false;
    }

    private PreparedStatement prepared(String sql) throws SQLException {
        return new BatonPreparedStatement(
                connection,
                StatementRequest.prepared(sql),
                new FakeJdbc(PreparedStatement.class, "prepared")
                        .next("executeBatch", new int[3])
                        .as(PreparedStatement.class));
    }

    private Statement plain() throws SQLException {
        return new BatonStatement(
                connection,
                StatementRequest.statement(),
                new FakeJdbc(Statement.class, "plain")
                        .next("executeBatch", new int[3])
                        .as(Statement.class));
    }

    /** Something large, in each form that a step can hold it. */
    enum Large {
        TEXT_PARAMETER(LARGE) {
            @Override
            void bind(PreparedStatement statement) throws SQLException {
                statement.setString(1, TEXT);
            }
        },
        WIDE_TEXT(2 * LARGE) {
            @Override
            void bind(PreparedStatement statement) throws SQLException {
                statement.setString(1, "\u4e16".repeat(LARGE));
            }
        },
        BYTES(LARGE) {
            @Override
            void bind(PreparedStatement statement) throws SQLException {
                statement.setBytes(1, new byte[LARGE]);
            }
        },
        BYTES_AS_OBJECT(LARGE) {
            @Override
            void bind(PreparedStatement statement) throws SQLException {
                statement.setObject(1, new byte[LARGE]);
            }
        },
        NUMBERS(LARGE) {
            @Override
            void bind(PreparedStatement statement) throws SQLException {
                statement.setObject(1, new int[LARGE / Integer.BYTES]);
            }
        },
        TEXTS(LARGE) {
            @Override
            void bind(PreparedStatement statement) throws SQLException {
                String[] texts = new String[100];
                Arrays.setAll(texts, i -> "x".repeat(LARGE / 100 - 1) + (char) i);
                statement.setObject(1, texts);
            }
        },
        SERVER_OBJECT(LARGE) {
            @Override
            void bind(PreparedStatement statement) throws SQLException {
                PGobject object = new PGobject();
                object.setType("json");
                object.setValue(TEXT);
                statement.setObject(1, object);
            }
        },
        DECIMAL(LARGE / 8) {
            @Override
            void bind(PreparedStatement statement) throws SQLException {
                statement.setBigDecimal(1, new BigDecimal(BigInteger.ONE.shiftLeft(LARGE)));
            }
        };

        private final long bytes;

        Large(long bytes) {
            this.bytes = bytes;
        }

        abstract void bind(PreparedStatement statement) throws SQLException;
    }

    @ParameterizedTest
    @EnumSource
    void parameterCounts(Large large) throws SQLException {
        PreparedStatement statement = prepared("INSERT INTO t VALUES (?)");
        large.bind(statement);
        statement.execute();

        assertThat(journal.bytes()).isBetween(large.bytes, large.bytes * 2);
    }

    @ParameterizedTest
    @EnumSource
    void eachRowOfABatchCounts(Large large) throws SQLException {
        PreparedStatement statement = prepared("INSERT INTO t VALUES (?)");
        for (int row = 0; row < 3; row++) {
            large.bind(statement);
            statement.addBatch();
        }
        statement.executeBatch();

        assertThat(journal.bytes()).isBetween(3 * large.bytes, 6 * large.bytes);
    }

    @Test
    void textOfAStatementCounts() throws SQLException {
        plain().execute("SELECT '" + TEXT + "'");

        assertThat(journal.bytes()).isBetween((long) LARGE, 2L * LARGE);
    }

    @Test
    void textsOfABatchCount() throws SQLException {
        Statement statement = plain();
        for (int i = 0; i < 3; i++) {
            statement.addBatch("SELECT " + i + " AS " + TEXT);
        }
        statement.executeBatch();

        assertThat(journal.bytes()).isBetween(3L * LARGE, 6L * LARGE);
    }

    /** However often it is run: all its steps lead to the same one. */
    @Test
    void textOfAPreparedStatementCountsOnceInEachTransaction() throws SQLException {
        PreparedStatement statement = prepared("SELECT '" + TEXT + "'");
        for (int transaction = 0; transaction < 3; transaction++) {
            for (int run = 0; run < 5; run++) {
                statement.execute();
            }
            assertThat(journal.bytes()).isBetween((long) LARGE, 2L * LARGE);
            journal.clear();
        }
    }

    @Test
    void columnsOfGeneratedKeysCount() throws SQLException {
        plain().execute("INSERT INTO t VALUES (1)", new String[] {TEXT});

        assertThat(journal.bytes()).isBetween((long) LARGE, 2L * LARGE);
    }

    @Test
    void eachResultThatIsGoneOnToCounts() throws SQLException {
        Statement statement = plain();
        statement.execute("SELECT 1");
        long before = journal.bytes();
        for (int i = 0; i < 100; i++) {
            statement.getMoreResults();
            statement.getResultSet();
        }

        assertThat(journal.bytes() - before).isBetween(5_000L, 20_000L);
    }

    @Test
    void resultsPastTheLimitAreNotKept() throws SQLException {
        Statement statement = plain();
        statement.execute("SELECT 1");
        for (int i = 0; i < 20_000; i++) {
            statement.getMoreResults();
            statement.getResultSet();
        }

        assertThat(journal.recording()).isFalse();
        assertThat(journal.bytes()).isZero();
    }

    @Test
    void everyStatementOfItsOwnCounts() throws SQLException {
        for (int i = 0; i < 10; i++) {
            try (PreparedStatement statement = prepared("SELECT 1")) {
                statement.execute();
            }
        }

        assertThat(journal.bytes()).as("with PgJDBC's").isBetween(5_000L, 15_000L);
    }
}
