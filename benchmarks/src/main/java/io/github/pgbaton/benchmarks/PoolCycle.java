package io.github.pgbaton.benchmarks;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.github.pgbaton.hikari.BatonHikari;
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

/** A connection taken from a HikariCP pool and given back; over pgbaton the pool is set up by {@code BatonHikari}. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@NullUnmarked // JMH fills the fields before it calls a benchmark.
public class PoolCycle {

    /** The driver under the pool; JMH forks a JVM for each. */
    @Param
    Route route;

    private HikariDataSource pool;

    /** Opens the pool. */
    @Setup
    public void open() {
        HikariConfig config = new HikariConfig();
        route.configure(config);
        config.setMaximumPoolSize(2);
        pool = route == Route.PGBATON ? BatonHikari.create(config) : new HikariDataSource(config);
    }

    /** Closes it. */
    @TearDown
    public void close() {
        pool.close();
    }

    /** getConnection and close, and nothing in between. */
    @Benchmark
    public Connection borrowAndGiveBack() throws SQLException {
        try (Connection connection = pool.getConnection()) {
            return connection;
        }
    }

    /** The least that somebody borrows a connection for. */
    @Benchmark
    public int borrowSelectAndGiveBack() throws SQLException {
        try (Connection connection = pool.getConnection();
                PreparedStatement select = connection.prepareStatement("SELECT 1");
                ResultSet row = select.executeQuery()) {
            row.next();
            return row.getInt(1);
        }
    }
}
