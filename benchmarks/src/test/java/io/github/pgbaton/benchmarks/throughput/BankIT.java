package io.github.pgbaton.benchmarks.throughput;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.pgbaton.examples.demo.Route;
import io.github.pgbaton.testkit.PatroniCluster;
import java.sql.Connection;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The bank that is measured does what it says, through both drivers. */
@Timeout(180)
class BankIT {
    private static final int CLIENTS = 2;

    @Test
    void itsBooksBalanceAfterBothDriversHaveWorkedInIt() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(CLIENTS);
        try (PatroniCluster cluster =
                PatroniCluster.local().members(1).synchronousMode(false).start()) {
            Route direct = Route.direct(cluster, cluster.awaitPrimary(Duration.ofSeconds(30)));
            try (Connection connection = direct.open()) {
                Teller.found(connection, 1);
                for (Route route : List.of(direct, Route.pgbaton(cluster))) {
                    try (Bank bank = Bank.open(route, CLIENTS, 1)) {
                        assertThat(bank.work(threads, Duration.ofMillis(500))).isPositive();
                    }
                    assertThat(Teller.balanced(connection)).isTrue();
                }
            }
        } finally {
            threads.shutdownNow();
        }
    }
}
