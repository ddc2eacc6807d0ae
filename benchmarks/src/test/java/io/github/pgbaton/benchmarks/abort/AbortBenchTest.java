package io.github.pgbaton.benchmarks.abort;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** How long the release of all callers may take. */
class AbortBenchTest {
    @Test
    void medianOfAllRunsHasAGoal() {
        assertThat(AbortBench.goals(millis(40, 60, 900, 10)).missed()).isEmpty();
        assertThat(AbortBench.goals(millis(40, 62, 900, 10)).missed())
                .containsExactly("abort: all released, median 51 ms, the goal is at most 50 ms");
    }

    private static List<Duration> millis(long one, long two, long three, long four) {
        return List.of(
                Duration.ofMillis(one), Duration.ofMillis(two), Duration.ofMillis(three), Duration.ofMillis(four));
    }
}
