package io.github.pgbaton.benchmarks.outage;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** How several runs become one line. */
class OutageTableTest {
    @Test
    void ratioComparesEachRunWithItsOwnOutage() {
        List<List<String>> rows = OutageTable.runs(
                        List.of(run(result(Optional.of(Duration.ofSeconds(21)), errors("08006", 1), 0))))
                .rows();

        assertThat(rows.get(0))
                .containsExactly(
                        "1",
                        "20.0 s",
                        "pgbaton",
                        "21.0 s",
                        "+21.0 s",
                        "1.050",
                        "21.0 s",
                        "1 (1 x 08006)",
                        "0",
                        "0",
                        "0");
        assertThat(OutageTable.summary(
                                "kill",
                                List.of(
                                        run(result(Optional.of(Duration.ofSeconds(21)), errors("08006", 1), 0)),
                                        run(result(Optional.of(Duration.ofSeconds(20)), errors("08006", 1), 0))))
                        .rows()
                        .get(0)
                        .get(6))
                .isEqualTo("1.025");
    }

    @Test
    void errorsAndHungCallsOfAllRunsAreAddedUp() {
        List<String> row = OutageTable.summary(
                        "kill",
                        List.of(
                                run(result(Optional.of(Duration.ofMillis(12)), errors("08006", 2), 0)),
                                run(result(Optional.empty(), errors("57P01", 1), 3))))
                .rows()
                .get(0);

        assertThat(row)
                .containsExactly(
                        "kill",
                        "2",
                        "pgbaton",
                        "never again",
                        "never again",
                        "never again",
                        "never again",
                        "3 (2 x 08006, 1 x 57P01)",
                        "0",
                        "0",
                        "3");
    }

    private static OutageRun.Result run(RouteResult route) {
        return new OutageRun.Result("kill of node1", Duration.ofSeconds(20), List.of(route));
    }

    private static RouteResult result(Optional<Duration> added, SortedMap<String, Integer> errors, int hung) {
        return new RouteResult(
                "pgbaton", added, added, added, errors, new Bystanders.Seen(new TreeMap<>(), new TreeMap<>(), 0), hung);
    }

    private static SortedMap<String, Integer> errors(String state, int count) {
        SortedMap<String, Integer> errors = new TreeMap<>();
        errors.put(state, count);
        return errors;
    }
}
