package io.github.pgbaton.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

/** Which calls have a goal, and what misses it. */
class OverheadGoalsTest {
    @Test
    void getterMayAddTwoNanosecondsAndNothingOfTheHeap() {
        assertThat(OverheadGoals.of(pair("LocalCalls.getInt", 6, 48, 8, 48.1)).missed())
                .isEmpty();
        assertThat(OverheadGoals.of(pair("LocalCalls.getInt", 6, 48, 8.5, 64)).missed())
                .containsExactly(
                        "overhead: LocalCalls.getInt, added 2.5 ns, the goal is at most 2 ns",
                        "overhead: LocalCalls.getInt, allocated beyond PgJDBC 16 B, the goal is at most 0 B");
    }

    @Test
    void borrowingMayCostATwentiethMore() {
        assertThat(OverheadGoals.of(pair("PoolCycle.borrowAndGiveBack", 100, 0, 105, 500))
                        .missed())
                .isEmpty();
        assertThat(OverheadGoals.of(pair("PoolCycle.borrowAndGiveBack", 100, 0, 106, 0))
                        .missed())
                .containsExactly("overhead: PoolCycle.borrowAndGiveBack, ratio 1.06, the goal is at most 1.05");
    }

    @Test
    void runWithoutAnyGoalProvesNothing() {
        assertThat(OverheadGoals.of(pair("RoundTrips.selectOne", 1, 0, 9, 9)).missed())
                .hasSize(1);
        assertThat(OverheadGoals.of(List.of(new Measured("LocalCalls.getInt", Route.PGBATON, 1, 1, 0)))
                        .missed())
                .hasSize(1);
    }

    private static List<Measured> pair(
            String benchmark, double plain, double plainBytes, double ours, double ourBytes) {
        return List.of(
                new Measured(benchmark, Route.PGJDBC, plain, plain, plainBytes),
                new Measured(benchmark, Route.PGBATON, ours, ours, ourBytes));
    }
}
