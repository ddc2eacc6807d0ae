package io.github.pgbaton.benchmarks.outage;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** What a pool over pgbaton may add, and how long its callers may wait. */
class PoolGoalsTest {
    private static final Duration OUTAGE = Duration.ofSeconds(10);

    @Test
    void waitMayBeLongerThanTheOutageByWhatTheProbeCannotTell() {
        assertThat(PoolGoals.of("kill", List.of(run(100, 0, 20, 0, 0))).missed())
                .isEmpty();
        assertThat(PoolGoals.of("kill", List.of(run(0, 0, 0, 0, 0), run(0, 0, 21, 0, 0)))
                        .missed())
                .containsExactly(
                        "kill, pool over pgbaton: getConnection beyond the outage, worst 21 ms, the goal is at most 20 ms");
    }

    @Test
    void medianOfWhatIsAddedHasAGoalAndTheWorstHasNone() {
        assertThat(PoolGoals.of("kill", List.of(run(0, 0, 0, 0, 0), run(100, 0, 0, 0, 0), run(900, 0, 0, 0, 0)))
                        .missed())
                .isEmpty();
        assertThat(PoolGoals.of("kill", List.of(run(101, 0, 0, 0, 0))).missed())
                .containsExactly("kill, pool over pgbaton: added, median 101 ms, the goal is at most 100 ms");
    }

    @Test
    void errorsReopenedConnectionsAndHungCallsHaveNoPlace() {
        assertThat(PoolGoals.of("kill", List.of(run(0, 1, 0, 0, 0), run(0, 0, 0, 2, 3)))
                        .missed())
                .containsExactly(
                        "kill, pool over pgbaton: errors of writers 1, the goal is none",
                        "kill, pool over pgbaton: connections opened in place of others 2, the goal is none",
                        "kill, pool over pgbaton: hung calls 3, the goal is none");
    }

    /** With another pool, which has no goal. */
    private static PoolRun.Result run(long added, int errors, long beyond, int opened, int hung) {
        return new PoolRun.Result(
                "a kill",
                OUTAGE,
                List.of(
                        new PoolRun.PoolResult(route("HikariCP over HAProxy", 9000, 9, 9), OUTAGE.multipliedBy(2), 9),
                        new PoolRun.PoolResult(
                                route("HikariCP over pgbaton", added, errors, hung),
                                OUTAGE.plusMillis(beyond),
                                opened)));
    }

    private static RouteResult route(String name, long added, int errors, int hung) {
        SortedMap<String, Integer> states = new TreeMap<>();
        if (errors > 0) {
            states.put("08006", errors);
        }
        Optional<Duration> time = Optional.of(Duration.ofMillis(added));
        return new RouteResult(
                name, time, time, time, states, new Bystanders.Seen(new TreeMap<>(), new TreeMap<>(), 0), hung);
    }
}
