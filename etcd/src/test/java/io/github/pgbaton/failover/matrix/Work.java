package io.github.pgbaton.failover.matrix;

import java.sql.SQLException;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;

/** Calls on a thread of their own, whose end is always waited for with the one deadline of the matrix. */
final class Work<T> {
    /** Longer than any call may take: {@code failoverTimeout}, and what finding and opening a session costs. */
    private static final long HANGS_SECONDS = 90;

    private final CompletableFuture<T> result = new CompletableFuture<>();
    private final Thread thread;

    /** What the thread does. */
    interface Body<T> {
        T run() throws Exception;
    }

    private Work(String name, Body<T> body) {
        this.thread = new Thread(() -> complete(body), name);
        this.thread.setDaemon(true);
    }

    static <T> Work<T> start(String name, Body<T> body) {
        Work<T> work = new Work<>(name, body);
        work.thread.start();
        return work;
    }

    private void complete(Body<T> body) {
        try {
            result.complete(body.run());
        } catch (Throwable e) {
            result.completeExceptionally(e);
        }
    }

    boolean isDone() {
        return result.isDone();
    }

    T await() throws SQLException, InterruptedException {
        try {
            return result.get(HANGS_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof SQLException sql) {
                throw sql;
            }
            throw new AssertionError(thread.getName() + " failed", e.getCause());
        } catch (TimeoutException e) {
            String where = Arrays.stream(thread.getStackTrace())
                    .map(StackTraceElement::toString)
                    .collect(Collectors.joining("\n    at ", "\n    at ", "\n"));
            thread.interrupt();
            throw new AssertionError(thread.getName() + " hangs:" + where, e);
        }
    }
}
