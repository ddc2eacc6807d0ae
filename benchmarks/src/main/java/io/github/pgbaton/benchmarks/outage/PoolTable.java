package io.github.pgbaton.benchmarks.outage;

import io.github.pgbaton.benchmarks.Runs;
import io.github.pgbaton.benchmarks.Table;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Writes runs with pools down: each one by itself, and all together as median and worst. */
final class PoolTable {
    private PoolTable() {}

    static Table runs(List<PoolRun.Result> runs) {
        List<List<String>> rows = new ArrayList<>();
        for (int run = 0; run < runs.size(); run++) {
            Duration outage = runs.get(run).outage();
            for (PoolRun.PoolResult pool : runs.get(run).pools()) {
                RouteResult route = pool.route();
                rows.add(List.of(
                        Integer.toString(run + 1),
                        OutageTable.length(Optional.of(outage)),
                        route.route(),
                        OutageTable.length(route.seen()),
                        OutageTable.added(route.added()),
                        OutageTable.ratio(route.ratio(outage)),
                        OutageTable.errors(route.writerErrors()),
                        OutageTable.length(Optional.of(pool.longestWait())),
                        OutageTable.added(Optional.of(pool.longestWait().minus(outage))),
                        Integer.toString(pool.opened()),
                        Integer.toString(route.hung())));
            }
        }
        return new Table(
                List.of(
                        "run",
                        "no member writable",
                        "pool",
                        "writers' outage",
                        "added",
                        "ratio",
                        "errors",
                        "longest getConnection",
                        "beyond the outage",
                        "opened",
                        "hung"),
                rows);
    }

    static Table summary(String fault, List<PoolRun.Result> runs) {
        List<List<String>> rows = new ArrayList<>();
        for (int i = 0; i < runs.get(0).pools().size(); i++) {
            int at = i;
            List<PoolRun.PoolResult> pool =
                    runs.stream().map(run -> run.pools().get(at)).toList();
            List<RouteResult> route =
                    pool.stream().map(PoolRun.PoolResult::route).toList();
            List<Optional<Duration>> added =
                    route.stream().map(RouteResult::added).toList();
            List<Optional<Duration>> beyond = runs.stream()
                    .map(run -> Optional.of(run.pools().get(at).longestWait().minus(run.outage())))
                    .toList();
            rows.add(List.of(
                    fault,
                    Integer.toString(runs.size()),
                    route.get(0).route(),
                    OutageTable.added(Runs.median(added)),
                    OutageTable.added(Runs.worst(added)),
                    OutageTable.ratio(
                            OutageTable.ratio(runs, run -> run.pools().get(at).route(), PoolRun.Result::outage)),
                    OutageTable.errors(OutageTable.all(route, RouteResult::writerErrors)),
                    OutageTable.added(Runs.worst(beyond)),
                    Integer.toString(
                            pool.stream().mapToInt(PoolRun.PoolResult::opened).sum()),
                    Integer.toString(route.stream().mapToInt(RouteResult::hung).sum())));
        }
        return new Table(
                List.of(
                        "fault",
                        "runs",
                        "pool",
                        "added, median",
                        "added, worst",
                        "ratio, median",
                        "errors",
                        "getConnection beyond the outage, worst",
                        "opened",
                        "hung"),
                rows);
    }
}
