package io.github.pgbaton.benchmarks;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Timestamp;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.NullUnmarked;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.infra.Blackhole;

/**
 * Calls that PgJDBC answers without asking the server: what is seen here is the wrapper and nothing else.
 *
 * <p>The rows have arrived before anything is measured, and the statements are never run.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@NullUnmarked // JMH fills the fields before it calls a benchmark.
public class LocalCalls {
    private static final int ROWS = 100;
    private static final Timestamp TIMESTAMP = new Timestamp(0);

    /** The driver measured; JMH forks a JVM for each. */
    @Param
    Route route;

    private Connection connection;
    private ResultSet rows;
    private PreparedStatement insert;
    private int turn;

    /** Connects and fetches. */
    @Setup
    public void open() throws SQLException {
        connection = route.connect();
        rows = connection
                .createStatement(ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.CONCUR_READ_ONLY)
                .executeQuery("SELECT i AS number, 'text ' || i AS words FROM generate_series(1, " + ROWS + ") i");
        rows.next();
        insert = connection.prepareStatement("INSERT INTO nowhere VALUES (?, ?, ?, ?)");
    }

    /** Closes. */
    @TearDown
    public void close() throws SQLException {
        connection.close();
    }

    /** One getter. */
    @Benchmark
    public int getInt() throws SQLException {
        return rows.getInt(1);
    }

    /** One getter that finds its column by name. */
    @Benchmark
    public String getStringByName() throws SQLException {
        return rows.getString("words");
    }

    /** {@value ROWS} rows of two columns, as a loop of an application reads them. */
    @Benchmark
    public void readHundredRows(Blackhole sink) throws SQLException {
        rows.beforeFirst();
        while (rows.next()) {
            sink.consume(rows.getInt(1));
            sink.consume(rows.getString(2));
        }
    }

    /**
     * Of a transaction, and read but once: where lost transactions are replayed, the driver keeps a digest of what was read.
     *
     * <p>Each invocation fetches the rows before it is timed, and commits after it; only what is allocated counts the
     * fetching, too.
     */
    @State(Scope.Thread)
    @NullUnmarked // JMH fills the fields before it calls a benchmark.
    public static class ForwardOnly {
        private static final int MANY = 10_000;

        private Connection connection;
        private PreparedStatement select;
        private ResultSet rows;

        /** Connects. */
        @Setup
        public void open(LocalCalls calls) throws SQLException {
            connection = calls.route.connect();
            connection.setAutoCommit(false);
            select = connection.prepareStatement(
                    "SELECT i AS number, 'text ' || i AS words FROM generate_series(1, " + MANY + ") i");
        }

        /** Begins a transaction and fetches. */
        @Setup(Level.Invocation)
        public void fetch() throws SQLException {
            rows = select.executeQuery();
        }

        /** Commits. */
        @TearDown(Level.Invocation)
        public void commit() throws SQLException {
            rows.close();
            connection.commit();
        }

        /** Closes. */
        @TearDown
        public void close() throws SQLException {
            connection.close();
        }
    }

    /** One row of two columns in a transaction, as a loop of an application reads them. */
    @Benchmark
    @OperationsPerInvocation(ForwardOnly.MANY)
    public void readRowInTransaction(ForwardOnly forward, Blackhole sink) throws SQLException {
        while (forward.rows.next()) {
            sink.consume(forward.rows.getInt(1));
            sink.consume(forward.rows.getString(2));
        }
    }

    /** Four setters. */
    @Benchmark
    public void bindFourParameters() throws SQLException {
        insert.setInt(1, turn++);
        insert.setString(2, "text");
        insert.setLong(3, turn);
        insert.setTimestamp(4, TIMESTAMP);
    }

    /** A statement made and closed. */
    @Benchmark
    public void createStatement(Blackhole sink) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            sink.consume(statement);
        }
    }

    /** A prepared statement made and closed; PgJDBC keeps the parsed text. */
    @Benchmark
    public void prepareStatement(Blackhole sink) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement("SELECT ?")) {
            sink.consume(statement);
        }
    }
}
