package io.github.pgbaton.benchmarks.reattach;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.pgbaton.benchmarks.reattach.ReattachBench.Back;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What a run of many connections becomes. */
class ReattachBenchTest {
    private static final Duration LIMIT = Duration.ofSeconds(3);
    private static final Back BACK =
            new Back(List.of(Duration.ofMillis(100), Duration.ofSeconds(1), Duration.ofSeconds(3)), 0);

    @Test
    void rowHasTheFirstTheMiddleAndTheLast() {
        assertThat(BACK.row(2)).containsExactly("2", "3", "0.10 s", "1.00 s", "3.00 s", "0");
        assertThat(new Back(List.of(), 4).row(1)).containsExactly("1", "4", "never", "never", "never", "4");
    }

    @Test
    void everyConnectionOfEveryRunHasToBeBackInTime() {
        assertThat(ReattachBench.goals(LIMIT, List.of(BACK)).missed()).isEmpty();
        assertThat(ReattachBench.goals(LIMIT.minusMillis(1), List.of(BACK)).missed())
                .containsExactly("reattach: run 1, all after 3000 ms, the goal is at most 2999 ms");
        assertThat(ReattachBench.goals(LIMIT, List.of(BACK, new Back(List.of(LIMIT), 2)))
                        .missed())
                .containsExactly("reattach: run 2, errors 2, the goal is none");
        assertThat(ReattachBench.goals(LIMIT, List.of(new Back(List.of(), 2))).missed())
                .hasSize(2);
    }
}
