package io.github.pgbaton.benchmarks.outage;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** How several runs become one line. */
class OutageTableTest {
    @Test
    void medianOfAnEvenNumberIsTheMeanOfTheTwoInTheMiddle() {
        assertThat(OutageTable.median(millis(40, 10, 30, 20))).contains(Duration.ofMillis(25));
        assertThat(OutageTable.median(millis(30, 10, 20))).contains(Duration.ofMillis(20));
        assertThat(OutageTable.median(millis(30))).contains(Duration.ofMillis(30));
    }

    @Test
    void thereIsNoMedianWhereItWouldNeedARouteThatNeverWroteAgain() {
        assertThat(OutageTable.median(List.of(Optional.empty(), Optional.of(Duration.ofMillis(10)))))
                .isEmpty();
        assertThat(OutageTable.median(List.of(
                        Optional.empty(), Optional.of(Duration.ofMillis(10)), Optional.of(Duration.ofMillis(5)))))
                .contains(Duration.ofMillis(10));
    }

    @Test
    void routeThatNeverWroteAgainIsWorseThanAnyTime() {
        assertThat(OutageTable.worst(List.of(Optional.empty(), Optional.of(Duration.ofDays(1)))))
                .isEmpty();
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

    private static List<Optional<Duration>> millis(long... values) {
        return Arrays.stream(values)
                .mapToObj(value -> Optional.of(Duration.ofMillis(value)))
                .toList();
    }
}
