package io.github.pgbaton.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** A call on a thread of its own that waits, and is to fail. */
final class Waiting {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final CompletableFuture<SQLException> failure = new CompletableFuture<>();
    private final CompletableFuture<Boolean> flag = new CompletableFuture<>();
    private final Thread thread;

    interface Call {
        void run() throws SQLException;
    }

    Waiting(Call call) {
        thread = new Thread(
                () -> {
                    try {
                        call.run();
                        failure.completeExceptionally(new AssertionError("it did not fail"));
                    } catch (SQLException e) {
                        flag.complete(Thread.currentThread().isInterrupted());
                        failure.complete(e);
                    } catch (RuntimeException e) {
                        failure.completeExceptionally(e);
                    }
                },
                "waiting");
        thread.setDaemon(true);
        thread.start();
    }

    void awaitParked() {
        await().atMost(PATIENCE).until(() -> thread.getState() == Thread.State.TIMED_WAITING);
    }

    SQLException failure() throws Exception {
        return failure.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }

    void interruptedIsTold() throws Exception {
        thread.interrupt();
        SQLException told = failure();
        assertThat(told.getSQLState()).isEqualTo("08001");
        assertThat(told.getMessage()).contains("interrupted").contains("nothing was sent");
        assertThat(flag.get(PATIENCE.toSeconds(), TimeUnit.SECONDS))
                .as("the interrupt flag")
                .isTrue();
    }
}
