package io.github.pgbaton.benchmarks.outage;

import ch.qos.logback.classic.LoggerContext;
import io.github.pgbaton.benchmarks.Range;
import io.github.pgbaton.examples.demo.Route;
import io.github.pgbaton.testkit.PatroniCluster;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Breaks a real cluster again and again under load, and prints what each route adds to each outage. */
@Command(
        name = "outage",
        description =
                "What an outage looks like through pgbaton, HAProxy and PgJDBC's own multi-host URL, side by side.")
public final class OutageBench implements Callable<Integer> {
    private static final String LEGEND = """

            no member writable: as the members told the truth probe, which writes to each of them all the time;
            added: the writers' longest time without a commit, minus that; a few ms below zero are its resolution;
            ratio: the writers' longest time without a commit, divided by that;
            of idle, of opening: errors that connections saw which were idle, or being opened, meanwhile;
            hung: calls that had not returned 15 s after a member was writable again.
            """;

    @Spec
    private @Nullable CommandSpec spec;

    @Mixin
    private OutageOptions options = new OutageOptions();

    @Option(
            names = "--writers",
            paramLabel = "N",
            defaultValue = "2",
            description = "Threads that write through each route, 1 to 32; default ${DEFAULT-VALUE}.")
    private int writers;

    @Option(
            names = "--replay",
            paramLabel = "R",
            defaultValue = "verified",
            description = "What pgbaton does about lost transactions, verified or off; default ${DEFAULT-VALUE}.")
    private String replay = "verified";

    @Override
    public Integer call() throws SQLException, InterruptedException {
        options.check(spec);
        Range.check(spec, "--writers", writers, 1, 32);
        if (!List.of("verified", "off").contains(replay)) {
            throw new ParameterException(
                    Objects.requireNonNull(spec).commandLine(), "--replay is verified or off, not " + replay);
        }
        List<OutageRun.Result> results = new ArrayList<>();
        System.err.println(
                "Starting a cluster: 3 members, synchronous replication, ttl " + options.ttl + " s, HAProxy in front.");
        try (PatroniCluster cluster = options.start()) {
            Route pgbaton = Route.pgbaton(cluster);
            List<Route> routes = List.of(
                    replay.equals("off") ? pgbaton.with("replay=off") : pgbaton,
                    Route.haproxy(cluster),
                    Route.multiHost(cluster));
            OutageRun run = new OutageRun(cluster, options.fault, writers, options.patience());
            for (int i = 1; i <= options.runs; i++) {
                if (i > 1) {
                    cluster.restore(OutageOptions.RESTORE);
                }
                OutageRun.Result result = run.run(routes);
                results.add(result);
                System.err.printf("run %d of %d: %s%n", i, options.runs, result.fault());
                System.err.print(OutageTable.runs(List.of(result)).text(false));
            }
            // The cluster ends before the driver does, and the driver would say so.
            ((LoggerContext) LoggerFactory.getILoggerFactory()).stop();
        }
        System.out.print(OutageTable.runs(results).text(options.markdown));
        System.out.println();
        System.out.print(OutageTable.summary(options.fault.toString(), results).text(options.markdown));
        System.out.print(LEGEND);
        return options.check
                ? OutageGoals.of(options.fault, !replay.equals("off"), results).report(System.err)
                : 0;
    }
}
