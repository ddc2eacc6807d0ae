package io.github.pgbaton.examples.chaos;

import io.github.pgbaton.examples.demo.Route;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;

/** One thread of the application: it runs transactions, one after the other, and again those that the driver says to. */
final class Writer implements Runnable {
    /** How long the application waits for a COMMIT, where it does not wait for ever. */
    static final Duration COMMIT_PATIENCE = Duration.ofSeconds(3);

    private final Route route;
    private final Told told;
    private final String name;
    private final SplittableRandom random;
    private final AtomicLong done = new AtomicLong();
    private volatile boolean stopping;

    Writer(Route route, Told told, String name, SplittableRandom random) {
        this.route = route;
        this.told = told;
        this.name = name;
        this.random = random;
    }

    /** How many transactions were acknowledged to it. */
    long done() {
        return done.get();
    }

    /** The transaction of now is its last one. */
    void stop() {
        stopping = true;
    }

    @Override
    public void run() {
        try {
            for (long n = 1; !stopping; ) {
                try (Connection connection = route.open()) {
                    connection.setAutoCommit(false);
                    while (!stopping && !connection.isClosed()) {
                        Work work = Work.values()[random.nextInt(Work.values().length)];
                        work(connection, work, name + "-" + n++);
                        Thread.sleep(random.nextInt(10));
                    }
                } catch (SQLException e) {
                    told.failed(e);
                }
            }
        } catch (InterruptedException e) {
            // Told to stop where it stands: the campaign reports it as stuck.
        }
    }

    private void work(Connection connection, Work work, String key) throws SQLException, InterruptedException {
        // The same again is the same transaction: what it decides must not depend on how often it was tried.
        SplittableRandom decisions = random.split();
        long seed = decisions.nextLong();
        boolean impatient = decisions.nextBoolean();
        for (int attempt = 1; ; attempt++) {
            try {
                connection.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
                work.run(connection, key, new SplittableRandom(seed), attempt);
                commit(connection, impatient);
                told.acknowledged(work, key);
                done.incrementAndGet();
                return;
            } catch (SQLException e) {
                boolean again = told.failed(e);
                if (!again) {
                    told.unknown(work, key);
                }
                if (!connection.isClosed()) {
                    connection.rollback();
                }
                if (!again) {
                    return;
                }
                if (connection.isClosed()) {
                    told.unknown(work, key);
                    return;
                }
            }
        }
    }

    private static void commit(Connection connection, boolean impatient) throws SQLException {
        if (!impatient) {
            connection.commit();
            return;
        }
        connection.setNetworkTimeout(Runnable::run, Math.toIntExact(COMMIT_PATIENCE.toMillis()));
        try {
            connection.commit();
        } finally {
            if (!connection.isClosed()) {
                connection.setNetworkTimeout(Runnable::run, 0);
            }
        }
    }
}
