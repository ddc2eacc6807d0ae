package io.github.pgbaton.benchmarks.outage;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.metrics.IMetricsTracker;
import com.zaxxer.hikari.metrics.MetricsTrackerFactory;
import io.github.pgbaton.examples.ExampleWriter;
import io.github.pgbaton.examples.demo.Route;
import io.github.pgbaton.hikari.BatonHikari;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A HikariCP pool over one route, which notes how long each caller waited for a connection, and how many the pool opened.
 *
 * <p>All pools have the same settings; the one over pgbaton is made as its documentation says.
 */
final class MeasuredPool implements ExampleWriter.Source, AutoCloseable {
    /** Longer than the outages measured here: to give up earlier would be an error of the pool's settings. */
    private static final Duration CONNECTION_TIMEOUT = Duration.ofSeconds(65);

    private final String name;
    private final HikariDataSource pool;
    private final AtomicInteger opened = new AtomicInteger();
    private final AtomicLong longestWaitNanos = new AtomicLong();

    private MeasuredPool(Route route, int size, boolean baton) {
        this.name = "HikariCP over " + route.name();
        HikariConfig config = new HikariConfig();
        config.setPoolName(name);
        config.setJdbcUrl(route.url());
        config.setUsername(route.user());
        config.setPassword(route.password());
        config.setMaximumPoolSize(size);
        config.setConnectionTimeout(CONNECTION_TIMEOUT.toMillis());
        MetricsTrackerFactory metrics = (pool, stats) -> new IMetricsTracker() {
            @Override
            public void recordConnectionCreatedMillis(long millis) {
                opened.incrementAndGet();
            }
        };
        config.setMetricsTrackerFactory(metrics);
        this.pool = baton ? BatonHikari.create(config) : new HikariDataSource(config);
    }

    static MeasuredPool overPgbaton(Route route, int size) {
        return new MeasuredPool(route, size, true);
    }

    static MeasuredPool plain(Route route, int size) {
        return new MeasuredPool(route, size, false);
    }

    String name() {
        return name;
    }

    @Override
    public Connection open() throws SQLException {
        long before = System.nanoTime();
        try {
            return pool.getConnection();
        } finally {
            longestWaitNanos.accumulateAndGet(System.nanoTime() - before, Math::max);
        }
    }

    /** From now on it counts. */
    void reset() {
        opened.set(0);
        longestWaitNanos.set(0);
    }

    /** Connections that the pool opened since then, in place of others. */
    int opened() {
        return opened.get();
    }

    /** The longest time that a caller spent in getConnection, whether it got one or not. */
    Duration longestWait() {
        return Duration.ofNanos(longestWaitNanos.get());
    }

    @Override
    public void close() {
        pool.close();
    }
}
