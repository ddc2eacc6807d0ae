package io.github.pgbaton.failover;

import java.sql.SQLException;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Runs a call that may block on a thread of its own. */
final class Calls {
    private Calls() {}

    /** A call under way, and when it ended. */
    static final class Call<T> {
        private final CompletableFuture<T> result = new CompletableFuture<>();

        T await(long seconds) throws SQLException, TimeoutException, InterruptedException {
            try {
                return result.get(seconds, TimeUnit.SECONDS);
            } catch (ExecutionException e) {
                if (e.getCause() instanceof SQLException sql) {
                    throw sql;
                }
                throw new AssertionError(e.getCause());
            }
        }

        /** The SQLState it failed with, "none" where it did not. */
        String sqlState(long seconds) throws TimeoutException, InterruptedException {
            try {
                await(seconds);
                return "none";
            } catch (SQLException e) {
                return String.valueOf(e.getSQLState());
            }
        }

        boolean isDone() {
            return result.isDone();
        }
    }

    static <T> Call<T> start(String name, Callable<T> body) {
        Call<T> call = new Call<>();
        Thread thread = new Thread(
                () -> {
                    try {
                        T value = body.call();
                        call.result.complete(value);
                    } catch (Throwable e) {
                        call.result.completeExceptionally(e);
                    }
                },
                name);
        thread.setDaemon(true);
        thread.start();
        return call;
    }
}
