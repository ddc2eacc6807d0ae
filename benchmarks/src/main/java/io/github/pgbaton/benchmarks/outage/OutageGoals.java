package io.github.pgbaton.benchmarks.outage;

import io.github.pgbaton.benchmarks.Goals;
import io.github.pgbaton.benchmarks.Runs;
import io.github.pgbaton.examples.demo.Fault;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.ToIntFunction;

/** What {@code bench outage --check} holds the route through pgbaton to; the other routes have no goal. */
final class OutageGoals {
    private static final Duration ADDED_MEDIAN = Duration.ofMillis(50);
    private static final Duration ADDED_WORST = Duration.ofMillis(150);

    private OutageGoals() {}

    /**
     * @param replay whether pgbaton runs lost transactions again; where it does not, only a switchover is to cost no writer an
     *     error
     */
    static Goals of(Fault fault, boolean replay, List<OutageRun.Result> runs) {
        List<RouteResult> route = runs.stream()
                .flatMap(run -> run.routes().stream())
                .filter(one -> one.route().startsWith("pgbaton"))
                .toList();
        Goals goals = new Goals(fault + " through pgbaton");
        List<Optional<Duration>> added = route.stream().map(RouteResult::added).toList();
        goals.atMost("added, median", Runs.median(added), ADDED_MEDIAN);
        goals.atMost("added, worst", Runs.worst(added), ADDED_WORST);
        if (replay || fault == Fault.SWITCHOVER) {
            goals.none("errors of writers", sum(route, RouteResult::writers));
        }
        goals.none("errors of idle connections", sum(route, RouteResult::idle));
        goals.none("errors of connections being opened", sum(route, RouteResult::opening));
        goals.none("hung calls", sum(route, RouteResult::hung));
        return goals;
    }

    static int sum(List<RouteResult> runs, ToIntFunction<RouteResult> count) {
        return runs.stream().mapToInt(count).sum();
    }
}
