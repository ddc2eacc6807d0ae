package io.github.pgbaton.benchmarks;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.NullUnmarked;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * Statements that go to the server and back over loopback, which is the shortest way there is: over a network the
 * wrapper's share is smaller.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@NullUnmarked // JMH fills the fields before it calls a benchmark.
public class RoundTrips {

    /** The driver measured; JMH forks a JVM for each. */
    @Param
    Route route;

    private Connection automatic;
    private Connection manual;
    private PreparedStatement single;
    private PreparedStatement inTransaction;

    /** Connects and prepares. */
    @Setup
    public void open() throws SQLException {
        automatic = route.connect();
        single = automatic.prepareStatement("SELECT 1");
        manual = route.connect();
        manual.setAutoCommit(false);
        inTransaction = manual.prepareStatement("SELECT 1");
    }

    /** Closes. */
    @TearDown
    public void close() throws SQLException {
        automatic.close();
        manual.close();
    }

    /** One prepared statement in autocommit mode, its row read. */
    @Benchmark
    public int selectOne() throws SQLException {
        return one(single);
    }

    /** A transaction of three prepared statements, with its COMMIT. */
    @Benchmark
    public int transactionOfThree() throws SQLException {
        int sum = one(inTransaction) + one(inTransaction) + one(inTransaction);
        manual.commit();
        return sum;
    }

    private static int one(PreparedStatement statement) throws SQLException {
        try (ResultSet row = statement.executeQuery()) {
            row.next();
            return row.getInt(1);
        }
    }
}
