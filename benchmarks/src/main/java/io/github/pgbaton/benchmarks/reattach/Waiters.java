package io.github.pgbaton.benchmarks.reattach;

import io.github.pgbaton.examples.demo.Route;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;

/** Many connections, each with a thread that runs one transaction on it; used by one thread. */
final class Waiters implements AutoCloseable {
    private final List<Connection> connections = new ArrayList<>();
    private final List<Thread> threads = new ArrayList<>();
    private final Queue<Long> back = new ConcurrentLinkedQueue<>();

    private Waiters() {}

    static Waiters open(Route route, int count) throws SQLException {
        Waiters waiters = new Waiters();
        for (int i = 0; i < count; i++) {
            Connection connection = route.open();
            connection.setAutoCommit(false);
            waiters.connections.add(connection);
        }
        return waiters;
    }

    /** Starts one transaction on each. */
    void call() {
        for (Connection connection : connections) {
            Thread thread = new Thread(() -> transaction(connection), "waiter-" + threads.size());
            thread.setDaemon(true);
            threads.add(thread);
            thread.start();
        }
    }

    private void transaction(Connection connection) {
        try (Statement statement = connection.createStatement()) {
            statement.execute("SELECT pg_current_wal_lsn()");
            connection.commit();
            back.add(System.nanoTime());
        } catch (SQLException e) {
            System.err.println(e.getSQLState() + ": " + e.getMessage());
        }
    }

    void await(Duration patience) throws InterruptedException {
        long end = System.nanoTime() + patience.toNanos();
        for (Thread thread : threads) {
            thread.join(Math.max(1, TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime())));
        }
    }

    /** When transactions were committed, in {@link System#nanoTime}, the first one first. */
    List<Long> sorted() {
        return back.stream().sorted().toList();
    }

    /** Of the transactions; one that never returned is one. */
    int errors() {
        return connections.size() - back.size();
    }

    @Override
    public void close() throws SQLException {
        for (Connection connection : connections) {
            connection.close();
        }
    }
}
