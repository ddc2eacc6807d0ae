package io.github.pgbaton.benchmarks.outage;

import io.github.pgbaton.benchmarks.Runs;
import io.github.pgbaton.benchmarks.Table;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Writes runs down: each one by itself, and all together as median and worst. */
final class OutageTable {
    private OutageTable() {}

    static Table runs(List<OutageRun.Result> runs) {
        List<List<String>> rows = new ArrayList<>();
        for (int run = 0; run < runs.size(); run++) {
            for (RouteResult route : runs.get(run).routes()) {
                rows.add(List.of(
                        Integer.toString(run + 1),
                        length(Optional.of(runs.get(run).outage())),
                        route.route(),
                        length(route.seen()),
                        added(route.added()),
                        ratio(route.ratio(runs.get(run).outage())),
                        length(route.back()),
                        errors(route.writerErrors()),
                        errors(route.bystanders().idleErrors()),
                        errors(route.bystanders().openingErrors()),
                        Integer.toString(route.hung())));
            }
        }
        return new Table(
                List.of(
                        "run",
                        "no member writable",
                        "route",
                        "writers' outage",
                        "added",
                        "ratio",
                        "first commit after",
                        "errors of writers",
                        "of idle",
                        "of opening",
                        "hung"),
                rows);
    }

    static Table summary(String fault, List<OutageRun.Result> runs) {
        List<List<String>> rows = new ArrayList<>();
        for (int i = 0; i < runs.get(0).routes().size(); i++) {
            int at = i;
            List<RouteResult> route =
                    runs.stream().map(run -> run.routes().get(at)).toList();
            List<Optional<Duration>> added =
                    route.stream().map(RouteResult::added).toList();
            List<Optional<Duration>> seen =
                    route.stream().map(RouteResult::seen).toList();
            rows.add(List.of(
                    fault,
                    Integer.toString(runs.size()),
                    route.get(0).route(),
                    length(Runs.median(seen)),
                    added(Runs.median(added)),
                    added(Runs.worst(added)),
                    ratio(ratio(runs, run -> run.routes().get(at), OutageRun.Result::outage)),
                    errors(all(route, RouteResult::writerErrors)),
                    errors(all(route, r -> r.bystanders().idleErrors())),
                    errors(all(route, r -> r.bystanders().openingErrors())),
                    Integer.toString(route.stream().mapToInt(RouteResult::hung).sum())));
        }
        return new Table(
                List.of(
                        "fault",
                        "runs",
                        "route",
                        "writers' outage, median",
                        "added, median",
                        "added, worst",
                        "ratio, median",
                        "errors of writers",
                        "of idle",
                        "of opening",
                        "hung"),
                rows);
    }

    /** The median of all runs, each compared with its own outage. */
    static <R> Optional<Double> ratio(List<R> runs, Function<R, RouteResult> route, Function<R, Duration> outage) {
        return Runs.medianRatio(runs.stream()
                .map(run -> route.apply(run).ratio(outage.apply(run)))
                .toList());
    }

    static SortedMap<String, Integer> all(
            List<RouteResult> runs, Function<RouteResult, SortedMap<String, Integer>> errors) {
        SortedMap<String, Integer> sum = new TreeMap<>();
        runs.forEach(run -> errors.apply(run).forEach((state, count) -> sum.merge(state, count, Integer::sum)));
        return sum;
    }

    static String errors(SortedMap<String, Integer> byState) {
        int sum = RouteResult.sum(byState);
        return sum == 0
                ? "0"
                : sum
                        + byState.entrySet().stream()
                                .map(state -> state.getValue() + " x " + state.getKey())
                                .collect(Collectors.joining(", ", " (", ")"));
    }

    static String length(Optional<Duration> length) {
        return length.map(l -> unsigned(l.toMillis())).orElse("never again");
    }

    static String added(Optional<Duration> added) {
        return added.map(a -> (a.isNegative() ? "-" : "+") + unsigned(Math.abs(a.toMillis())))
                .orElse("never again");
    }

    static String ratio(Optional<Double> ratio) {
        return ratio.map(r -> String.format(Locale.ROOT, "%.3f", r)).orElse("never again");
    }

    private static String unsigned(long millis) {
        return millis < 1000 ? millis + " ms" : String.format(Locale.ROOT, "%.1f s", millis / 1000.0);
    }
}
