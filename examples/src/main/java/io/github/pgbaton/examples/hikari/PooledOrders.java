package io.github.pgbaton.examples.hikari;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.github.pgbaton.hikari.BatonHikari;
import java.io.PrintStream;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import javax.sql.DataSource;

/** Takes orders from several threads through a HikariCP pool that a properties file describes; each order is there once. */
public final class PooledOrders {
    private static final int CUSTOMERS = 4;
    private static final int REPORT_EVERY = 200;

    private PooledOrders() {}

    public static void main(String[] arguments) throws Exception {
        run(arguments[0], () -> true, System.out);
    }

    /**
     * @param file HikariCP's properties
     * @param more whether a customer places another order
     * @return how many were acknowledged
     */
    public static int run(String file, BooleanSupplier more, PrintStream out)
            throws SQLException, InterruptedException, ExecutionException {
        // Instead of new HikariDataSource(...): sets up what a failover needs, and says what of the file defeats one.
        try (HikariDataSource pool = BatonHikari.create(new HikariConfig(file))) {
            try (Connection connection = pool.getConnection()) {
                createTables(connection);
            }
            AtomicInteger taken = new AtomicInteger();
            ExecutorService customers = Executors.newFixedThreadPool(CUSTOMERS);
            try {
                List<Future<?>> all = new ArrayList<>();
                for (int i = 0; i < CUSTOMERS; i++) {
                    all.add(customers.submit(() -> {
                        while (more.getAsBoolean()) {
                            order(pool);
                            int now = taken.incrementAndGet();
                            if (now % REPORT_EVERY == 0) {
                                out.println(now + " orders");
                            }
                        }
                        return null;
                    }));
                }
                for (Future<?> one : all) {
                    one.get();
                }
            } finally {
                customers.shutdownNow();
            }
            return taken.get();
        }
    }

    private static void order(DataSource pool) throws SQLException {
        String id = UUID.randomUUID().toString();
        try (Connection connection = pool.getConnection()) {
            connection.setAutoCommit(false);
            insert(connection, "INSERT INTO customer_order VALUES (?)", id);
            insert(connection, "INSERT INTO order_line VALUES (?)", id);
            connection.commit();
        }
    }

    private static void insert(Connection connection, String sql, String id) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement(sql)) {
            insert.setString(1, id);
            insert.executeUpdate();
        }
    }

    private static void createTables(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE IF NOT EXISTS customer_order (id text PRIMARY KEY)");
            statement.execute(
                    "CREATE TABLE IF NOT EXISTS order_line (order_id text NOT NULL REFERENCES customer_order)");
        }
    }
}
