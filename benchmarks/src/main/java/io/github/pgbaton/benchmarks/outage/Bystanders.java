package io.github.pgbaton.benchmarks.outage;

import io.github.pgbaton.examples.demo.Route;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/**
 * Connections of one route that did nothing when the primary failed: idle ones, each of which is used once afterwards, and
 * ones that are opened meanwhile; every call has a thread of its own, so one that hangs holds up no other.
 *
 * <p>Used by one thread; its own threads only report.
 */
final class Bystanders {
    private final Route route;
    private final Deque<Connection> idle = new ArrayDeque<>();
    private final List<Thread> calls = new ArrayList<>();
    private final SortedMap<String, Integer> idleErrors = new TreeMap<>();
    private final SortedMap<String, Integer> openingErrors = new TreeMap<>();

    /**
     * Errors by SQLState.
     *
     * @param idleErrors of idle connections at their next use
     * @param openingErrors of connections that were being opened
     * @param hung calls that had not returned
     */
    record Seen(SortedMap<String, Integer> idleErrors, SortedMap<String, Integer> openingErrors, int hung) {}

    private interface Call {
        void run() throws SQLException;
    }

    private Bystanders(Route route) {
        this.route = route;
    }

    /** Opens the idle ones, on a healthy cluster. */
    static Bystanders of(Route route, int idle) throws SQLException {
        Bystanders bystanders = new Bystanders(route);
        for (int i = 0; i < idle; i++) {
            Connection connection = route.open();
            connection.setAutoCommit(false);
            write(connection);
            bystanders.idle.add(connection);
        }
        return bystanders;
    }

    /** Has one idle connection write a row; nothing where all have been used. */
    void useOne() {
        Connection connection = idle.poll();
        if (connection != null) {
            call("idle", idleErrors, () -> {
                try (connection) {
                    write(connection);
                }
            });
        }
    }

    /** Uses all that are still idle. */
    void useRest() {
        while (!idle.isEmpty()) {
            useOne();
        }
    }

    /** Opens a connection and closes it again. */
    void openOne() {
        call("opening", openingErrors, () -> route.open().close());
    }

    private void call(String name, SortedMap<String, Integer> errors, Call call) {
        Thread thread = new Thread(
                () -> {
                    try {
                        call.run();
                    } catch (SQLException e) {
                        synchronized (errors) {
                            errors.merge(String.valueOf(e.getSQLState()), 1, Integer::sum);
                        }
                    }
                },
                route.name() + "-" + name + "-" + (calls.size() + 1));
        // A call may hang in a driver for ever; the program still ends.
        thread.setDaemon(true);
        calls.add(thread);
        thread.start();
    }

    /** Waits for what is still under way, and counts; what has not returned then is left behind. */
    Seen finish(Duration patience) throws InterruptedException {
        long end = System.nanoTime() + patience.toNanos();
        int hung = 0;
        for (Thread thread : calls) {
            thread.join(Math.max(1, TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime())));
            if (thread.isAlive()) {
                hung++;
            }
        }
        return new Seen(copy(idleErrors), copy(openingErrors), hung);
    }

    private static SortedMap<String, Integer> copy(SortedMap<String, Integer> errors) {
        synchronized (errors) {
            return new TreeMap<>(errors);
        }
    }

    private static void write(Connection connection) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement("INSERT INTO example(key) VALUES ('idle')")) {
            insert.executeUpdate();
        }
        connection.commit();
    }
}
