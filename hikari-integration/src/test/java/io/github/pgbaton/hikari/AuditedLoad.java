package io.github.pgbaton.hikari;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;

/**
 * Workers that commit transactions through a data source as a careful application does; every key they report as done
 * has to be in the table exactly twice, once for each statement of its transaction.
 *
 * <p>40001: the transaction is run again. 08007: its key is looked up, and it is run again where that is missing. Any
 * other error ends the worker and the test. The table has no unique index, for that would hide a doubled transaction.
 */
final class AuditedLoad implements AutoCloseable {
    private static final int STATEMENTS = 2;
    private static final int MOST_ATTEMPTS = 50;

    private final DataSource source;
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final List<Future<?>> workers = new ArrayList<>();
    private final Queue<String> done = new ConcurrentLinkedQueue<>();
    private final AtomicInteger lost = new AtomicInteger();
    private final AtomicInteger unknown = new AtomicInteger();
    private volatile boolean stopped;

    /** What a test does in the middle of one transaction. */
    interface Pause {
        void between() throws Exception;

        Pause NONE = () -> {};
    }

    AuditedLoad(DataSource source) throws SQLException {
        this.source = source;
        try (Connection connection = source.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE IF NOT EXISTS audit (key text, part int)");
            statement.execute("TRUNCATE audit");
            connection.commit();
        }
    }

    void start(int count) {
        for (int i = 0; i < count; i++) {
            String worker = "worker" + i + "-";
            workers.add(threads.submit(() -> {
                for (int n = 0; !stopped; n++) {
                    transaction(worker + n, Pause.NONE);
                }
                return null;
            }));
        }
    }

    /** One further transaction, on a thread of its own, with a pause after its first statement. */
    void startOne(String key, Pause pause) {
        workers.add(threads.submit(() -> {
            transaction(key, pause);
            return null;
        }));
    }

    private void transaction(String key, Pause pause) throws Exception {
        Pause next = pause;
        for (int attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
            try (Connection connection = source.getConnection()) {
                try {
                    insert(connection, key, 1);
                    Pause now = next;
                    next = Pause.NONE;
                    now.between();
                    insert(connection, key, 2);
                    connection.commit();
                    done.add(key);
                    return;
                } catch (SQLException e) {
                    connection.rollback();
                    if ("40001".equals(e.getSQLState())) {
                        lost.incrementAndGet();
                    } else if ("08007".equals(e.getSQLState())) {
                        unknown.incrementAndGet();
                        if (isThere(connection, key)) {
                            done.add(key);
                            return;
                        }
                    } else {
                        throw e;
                    }
                }
            }
        }
        throw new AssertionError(key + " failed " + MOST_ATTEMPTS + " times");
    }

    private static void insert(Connection connection, String key, int part) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement("INSERT INTO audit VALUES (?, ?)")) {
            statement.setString(1, key);
            statement.setInt(2, part);
            statement.executeUpdate();
        }
    }

    private static boolean isThere(Connection connection, String key) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement("SELECT 1 FROM audit WHERE key = ?")) {
            statement.setString(1, key);
            try (ResultSet row = statement.executeQuery()) {
                return row.next();
            }
        } finally {
            connection.rollback();
        }
    }

    /** How many transactions are done; throws what ended a worker. */
    int done() throws Exception {
        for (Future<?> worker : workers) {
            if (worker.isDone()) {
                worker.get();
            }
        }
        return done.size();
    }

    int lost() {
        return lost.get();
    }

    int unknown() {
        return unknown.get();
    }

    /** Lets every worker finish its transaction. */
    void stop(long seconds) throws Exception {
        stopped = true;
        for (Future<?> worker : workers) {
            worker.get(seconds, TimeUnit.SECONDS);
        }
    }

    /** Keys that are lost, doubled, torn or nobody's, with how often they are there; empty when all is well. */
    Map<String, Integer> wrong() throws SQLException {
        Map<String, Integer> counts = new TreeMap<>();
        try (Connection connection = source.getConnection();
                Statement statement = connection.createStatement();
                ResultSet rows =
                        statement.executeQuery("SELECT key, count(*), count(DISTINCT part) FROM audit GROUP BY key")) {
            while (rows.next()) {
                int parts = rows.getInt(3) == STATEMENTS ? 0 : -1;
                counts.put(rows.getString(1), rows.getInt(2) + parts);
            }
        }
        for (String key : done) {
            Integer count = counts.remove(key);
            if (count == null || count != STATEMENTS) {
                counts.put(key + " (done)", count == null ? 0 : count);
            }
        }
        return counts;
    }

    @Override
    public void close() {
        stopped = true;
        threads.shutdownNow();
    }
}
