package io.github.pgbaton.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** How several runs become one value. */
class RunsTest {
    @Test
    void medianOfAnEvenNumberIsTheMeanOfTheTwoInTheMiddle() {
        assertThat(Runs.median(millis(40, 10, 30, 20))).contains(Duration.ofMillis(25));
        assertThat(Runs.median(millis(30, 10, 20))).contains(Duration.ofMillis(20));
        assertThat(Runs.median(millis(30))).contains(Duration.ofMillis(30));
        assertThat(Runs.medianRatio(List.of(Optional.of(2.0), Optional.of(1.0))))
                .contains(1.5);
    }

    @Test
    void thereIsNoMedianWhereItWouldNeedARunThatCameToNothing() {
        assertThat(Runs.median(List.of(Optional.empty(), Optional.of(Duration.ofMillis(10)))))
                .isEmpty();
        assertThat(Runs.median(List.of(
                        Optional.empty(), Optional.of(Duration.ofMillis(10)), Optional.of(Duration.ofMillis(5)))))
                .contains(Duration.ofMillis(10));
    }

    @Test
    void runThatCameToNothingIsWorseThanAnyTime() {
        assertThat(Runs.worst(List.of(Optional.empty(), Optional.of(Duration.ofDays(1)))))
                .isEmpty();
        assertThat(Runs.worst(millis(10, 30, 20))).contains(Duration.ofMillis(30));
    }

    private static List<Optional<Duration>> millis(long... values) {
        return Arrays.stream(values)
                .mapToObj(value -> Optional.of(Duration.ofMillis(value)))
                .toList();
    }
}
