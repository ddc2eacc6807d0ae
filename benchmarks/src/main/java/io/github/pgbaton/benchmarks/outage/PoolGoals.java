package io.github.pgbaton.benchmarks.outage;

import io.github.pgbaton.benchmarks.Goals;
import io.github.pgbaton.benchmarks.Runs;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What {@code bench pool --check} holds the pool over pgbaton to; the other pools have no goal. */
final class PoolGoals {
    private static final Duration ADDED_MEDIAN = Duration.ofMillis(100);

    /**
     * How far the outage may be from the truth: the probe writes every ten milliseconds, and an outage is from the last
     * acknowledged write to the first one, so each end is good to that.
     */
    static final Duration RESOLUTION = Duration.ofMillis(2 * 10);

    private PoolGoals() {}

    static Goals of(String fault, List<PoolRun.Result> runs) {
        List<RouteResult> route = new ArrayList<>();
        List<Optional<Duration>> beyond = new ArrayList<>();
        int opened = 0;
        for (PoolRun.Result run : runs) {
            for (PoolRun.PoolResult pool : run.pools()) {
                if (pool.route().route().endsWith("pgbaton")) {
                    route.add(pool.route());
                    beyond.add(Optional.of(pool.longestWait().minus(run.outage())));
                    opened += pool.opened();
                }
            }
        }
        Goals goals = new Goals(fault + ", pool over pgbaton");
        goals.atMost(
                "added, median",
                Runs.median(route.stream().map(RouteResult::added).toList()),
                ADDED_MEDIAN);
        goals.none("errors of writers", OutageGoals.sum(route, RouteResult::writers));
        goals.atMost("getConnection beyond the outage, worst", Runs.worst(beyond), RESOLUTION);
        goals.none("connections opened in place of others", opened);
        goals.none("hung calls", OutageGoals.sum(route, RouteResult::hung));
        return goals;
    }
}
