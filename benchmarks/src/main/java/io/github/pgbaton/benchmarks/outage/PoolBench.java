package io.github.pgbaton.benchmarks.outage;

import ch.qos.logback.classic.LoggerContext;
import io.github.pgbaton.benchmarks.Range;
import io.github.pgbaton.examples.demo.Route;
import io.github.pgbaton.testkit.PatroniCluster;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Breaks a real cluster again and again under pools with more writers than connections, and prints what each pool adds. */
@Command(
        name = "pool",
        description =
                "What an outage looks like through HikariCP over pgbaton, over HAProxy and over PgJDBC's multi-host"
                        + " URL, side by side.")
public final class PoolBench implements Callable<Integer> {
    private static final String LEGEND = """

            no member writable: as the members told the truth probe, which writes to each of them all the time;
            added: the writers' longest time without a commit, minus that; a few ms below zero are its resolution;
            ratio: the writers' longest time without a commit, divided by that;
            getConnection beyond the outage: the longest wait for a connection of the pool, minus no member writable;
            its resolution is 20 ms: the probe writes every 10 ms, so each end of an outage is good to 10;
            opened: connections that the pool opened in place of others, which it threw away;
            hung: calls that had not returned 15 s after a member was writable again.
            """;

    @Spec
    private @Nullable CommandSpec spec;

    @Mixin
    private OutageOptions options = new OutageOptions();

    @Option(
            names = "--writers",
            paramLabel = "N",
            defaultValue = "8",
            description = "Threads that write through each pool, 1 to 32; default ${DEFAULT-VALUE}.")
    private int writers;

    @Option(
            names = "--size",
            paramLabel = "N",
            defaultValue = "4",
            description = "Connections of each pool, 1 to 32; default ${DEFAULT-VALUE}.")
    private int size;

    @Override
    public Integer call() throws SQLException, InterruptedException {
        options.check(spec);
        Range.check(spec, "--writers", writers, 1, 32);
        Range.check(spec, "--size", size, 1, 32);
        List<PoolRun.Result> results = new ArrayList<>();
        System.err.printf(
                "Starting a cluster: 3 members, synchronous replication, ttl %d s, HAProxy in front;"
                        + " 3 pools of %d connections, %d writers each.%n",
                options.ttl, size, writers);
        try (PatroniCluster cluster = options.start()) {
            PoolRun run = new PoolRun(cluster, options.fault, writers, options.patience());
            for (int i = 1; i <= options.runs; i++) {
                if (i > 1) {
                    cluster.restore(OutageOptions.RESTORE);
                }
                PoolRun.Result result = once(cluster, run, size);
                results.add(result);
                System.err.printf("run %d of %d: %s%n", i, options.runs, result.fault());
                System.err.print(PoolTable.runs(List.of(result)).text(false));
            }
            // The cluster ends before the driver does, and the driver would say so.
            ((LoggerContext) LoggerFactory.getILoggerFactory()).stop();
        }
        System.out.print(PoolTable.runs(results).text(options.markdown));
        System.out.println();
        System.out.print(PoolTable.summary(options.fault.toString(), results).text(options.markdown));
        System.out.print(LEGEND);
        return options.check ? PoolGoals.of(options.fault.toString(), results).report(System.err) : 0;
    }

    /** One fault, with a pool over each route, pgbaton's first. */
    static PoolRun.Result once(PatroniCluster cluster, PoolRun run, int size)
            throws SQLException, InterruptedException {
        try (MeasuredPool pgbaton = MeasuredPool.overPgbaton(Route.pgbaton(cluster), size);
                MeasuredPool haproxy = MeasuredPool.plain(Route.haproxy(cluster), size);
                MeasuredPool multiHost = MeasuredPool.plain(Route.multiHost(cluster), size)) {
            return run.run(List.of(pgbaton, haproxy, multiHost));
        }
    }
}
