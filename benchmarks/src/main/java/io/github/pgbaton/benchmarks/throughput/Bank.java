package io.github.pgbaton.benchmarks.throughput;

import io.github.pgbaton.examples.demo.Route;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;

/** The clients of one route, which work only while they are measured. */
final class Bank implements AutoCloseable {
    private final Route route;
    private final List<Teller> tellers = new ArrayList<>();

    private Bank(Route route) {
        this.route = route;
    }

    static Bank open(Route route, int clients, int branches) throws SQLException {
        Bank bank = new Bank(route);
        for (int i = 0; i < clients; i++) {
            bank.tellers.add(new Teller(route.open(), branches, i));
        }
        return bank;
    }

    String name() {
        return route.name();
    }

    /**
     * @param threads as many as there are clients, at least
     * @param length of the measurement
     * @return transactions per second
     */
    double work(ExecutorService threads, Duration length) throws InterruptedException, SQLException {
        long begin = System.nanoTime();
        long end = begin + length.toNanos();
        List<Callable<Long>> work = new ArrayList<>();
        for (Teller teller : tellers) {
            work.add(() -> {
                long count = 0;
                for (; System.nanoTime() - end < 0; count++) {
                    teller.transaction();
                }
                return count;
            });
        }
        long count = 0;
        for (Future<Long> one : threads.invokeAll(work)) {
            try {
                count += one.get();
            } catch (ExecutionException e) {
                if (e.getCause() instanceof SQLException failed) {
                    throw failed;
                }
                throw new IllegalStateException(e.getCause());
            }
        }
        return count * 1e9 / (System.nanoTime() - begin);
    }

    @Override
    public void close() throws SQLException {
        for (Teller teller : tellers) {
            teller.close();
        }
    }
}
