package io.github.pgbaton.benchmarks.outage;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** How several runs with pools become one line. */
class PoolTableTest {
    @Test
    void medianAndWorstAreOfAllRunsAndTheRestIsAddedUp() {
        List<String> row = PoolTable.summary(
                        "kill",
                        List.of(run(10_000, 40, 10_020, 1), run(20_000, 60, 20_300, 2), run(5_000, 50, 4_900, 4)))
                .rows()
                .get(0);

        assertThat(row)
                .containsExactly("kill", "3", "p", "+50 ms", "+60 ms", "1.004", "3 (3 x 08006)", "+300 ms", "7", "0");
    }

    @Test
    void runShowsTheWaitBesideTheOutage() {
        List<String> row =
                PoolTable.runs(List.of(run(10_000, 40, 10_020, 1))).rows().get(0);

        assertThat(row)
                .containsExactly(
                        "1", "10.0 s", "p", "10.0 s", "+40 ms", "1.004", "1 (1 x 08006)", "10.0 s", "+20 ms", "1", "0");
    }

    private static PoolRun.Result run(long outage, long added, long wait, int opened) {
        SortedMap<String, Integer> errors = new TreeMap<>();
        errors.put("08006", 1);
        RouteResult route = new RouteResult(
                "p",
                Optional.of(Duration.ofMillis(outage + added)),
                Optional.of(Duration.ofMillis(added)),
                Optional.of(Duration.ofMillis(added)),
                errors,
                new Bystanders.Seen(new TreeMap<>(), new TreeMap<>(), 0),
                0);
        return new PoolRun.Result(
                "kill",
                Duration.ofMillis(outage),
                List.of(new PoolRun.PoolResult(route, Duration.ofMillis(wait), opened)));
    }
}
