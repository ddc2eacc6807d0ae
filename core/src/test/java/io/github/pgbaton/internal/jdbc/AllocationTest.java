package io.github.pgbaton.internal.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.github.pgbaton.internal.replay.Footprint;
import io.github.pgbaton.internal.replay.Journal;
import java.lang.management.ManagementFactory;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.util.Calendar;
import java.util.Set;
import java.util.TimeZone;
import org.junit.jupiter.api.Test;
import org.postgresql.geometric.PGpolygon;
import org.postgresql.util.PGInterval;

/** A call through a wrapper allocates what the call of the delegate does. */
class AllocationTest {
    private static final int CALLS = 100_000;
    private static final long TOLERANCE_BYTES = 512;
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    /** One turn of what is measured. */
    private interface Turn {
        void run(int i) throws SQLException;
    }

    private final QuietSession session = new QuietSession();
    private final BatonConnection connection = new BatonConnection(session);

    @Test
    void gettersAndNextAllocateNothing() throws SQLException {
        ResultSet quiet = new QuietResultSet();
        ResultSet ours = new BatonResultSet(session, null, quiet, null);

        assertSame(read(ours), read(quiet));
    }

    private static Turn read(ResultSet rows) {
        return i -> {
            rows.next();
            rows.getInt(1);
            rows.getString("name");
            rows.getObject(2);
        };
    }

    @Test
    void settersAllocateNothing() throws SQLException {
        PreparedStatement quiet = new QuietPreparedStatement(connection);
        PreparedStatement ours = new BatonPreparedStatement(connection, StatementRequest.prepared("SELECT 1"), quiet);

        assertSame(bind(ours), bind(quiet));
    }

    private static Turn bind(PreparedStatement statement) {
        Timestamp timestamp = new Timestamp(5);
        Calendar calendar = Calendar.getInstance(TimeZone.getTimeZone("UTC"));
        byte[] bytes = {1};
        return i -> {
            statement.setInt(1, i);
            statement.setLong(2, i);
            statement.setString(3, "text");
            statement.setDouble(4, i);
            statement.setTimestamp(5, timestamp);
            statement.setTimestamp(6, timestamp, calendar);
            statement.setBytes(7, bytes);
            statement.setNull(8, 4);
            statement.setObject(9, "object");
            statement.clearParameters();
        };
    }

    @Test
    void runningAPreparedStatementAllocatesNothingInATransactionToo() throws SQLException {
        session.autoCommit = false;
        PreparedStatement quiet = new QuietPreparedStatement(connection);
        PreparedStatement ours = new BatonPreparedStatement(connection, StatementRequest.prepared("SELECT 1"), quiet);

        assertSame(i -> ours.executeUpdate(), i -> quiet.executeUpdate());
    }

    /** Each look at one of these makes an object, and a journal that does not record does not want to know. */
    @Test
    void runningWithoutAJournalMeasuresNoParameter() throws SQLException {
        session.autoCommit = false;
        PreparedStatement quiet = new QuietPreparedStatement(connection);
        PreparedStatement ours =
                new BatonPreparedStatement(connection, StatementRequest.prepared("SELECT ?, ?"), quiet);
        ours.setBigDecimal(1, new BigDecimal(BigInteger.ONE.shiftLeft(100)));
        ours.setObject(2, new PGpolygon("((1,2),(3,4))"));

        assertSame(i -> ours.executeUpdate(), i -> quiet.executeUpdate());
    }

    @Test
    void measuringParametersMakesNoObject() throws SQLException {
        Object number = new BigDecimal("12345.67");
        Object interval = new PGInterval(1, 2, 3, 4, 5, 6);
        long[] sum = new long[1];

        assertSame(i -> sum[0] += Footprint.of(number) + Footprint.of(interval), i -> sum[0] += i);
        assertThat(sum[0]).isPositive();
    }

    /** What ten statements with two parameters each leave to replay is 4 KiB at the most. */
    @Test
    void theJournalOfTenStatementsTakesAtMostFourKiB() throws SQLException {
        QuietSession recording = new QuietSession(new Journal(true, 1 << 20, Set.of()));
        recording.autoCommit = false;
        Turn kept = transaction(recording);
        Turn counted = transaction(session);
        session.autoCommit = false;
        measure(kept);
        measure(counted);
        long perTransaction = Long.MAX_VALUE;
        for (int round = 0; round < 5 && perTransaction > 4096; round++) {
            perTransaction = (measure(kept) - measure(counted)) / CALLS;
        }

        assertThat(perTransaction).as("bytes of a transaction").isBetween(1L, 4096L);
    }

    private static Turn transaction(QuietSession session) throws SQLException {
        BatonConnection connection = new BatonConnection(session);
        PreparedStatement update = new BatonPreparedStatement(
                connection,
                StatementRequest.prepared("UPDATE accounts SET balance = balance + ? WHERE id = ?"),
                new QuietPreparedStatement(connection));
        return i -> {
            for (int step = 0; step < 10; step++) {
                update.setInt(1, i);
                update.setString(2, "a text of some length");
                update.executeUpdate();
            }
            session.journal().clear();
        };
    }

    private static void assertSame(Turn ours, Turn quiet) throws SQLException {
        measure(ours);
        measure(quiet);
        long difference = Long.MAX_VALUE;
        // The JIT compiles on its own threads; a class loaded late is the first round's.
        for (int round = 0; round < 5 && difference > TOLERANCE_BYTES; round++) {
            difference = measure(ours) - measure(quiet);
        }
        assertThat(difference).as("bytes in %s calls", CALLS).isLessThanOrEqualTo(TOLERANCE_BYTES);
    }

    private static long measure(Turn turn) throws SQLException {
        long before = THREADS.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < CALLS; i++) {
            turn.run(i);
        }
        return THREADS.getCurrentThreadAllocatedBytes() - before;
    }
}
