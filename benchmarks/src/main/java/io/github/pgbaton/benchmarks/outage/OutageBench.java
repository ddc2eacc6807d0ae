package io.github.pgbaton.benchmarks.outage;

import ch.qos.logback.classic.LoggerContext;
import io.github.pgbaton.benchmarks.Range;
import io.github.pgbaton.examples.demo.Fault;
import io.github.pgbaton.examples.demo.Route;
import io.github.pgbaton.testkit.PatroniCluster;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Breaks a real cluster again and again under load, and prints what each route adds to each outage. */
@Command(
        name = "outage",
        description =
                "What an outage looks like through pgbaton, HAProxy and PgJDBC's own multi-host URL, side by side.")
public final class OutageBench implements Callable<Integer> {
    private static final Duration PATIENCE_BEYOND_TTL = Duration.ofSeconds(60);
    private static final Duration RESTORE = Duration.ofMinutes(3);

    private static final String LEGEND = """

            no member writable: as the members told the truth probe, which writes to each of them all the time;
            added: the writers' longest time without a commit, minus that; a few ms below zero are its resolution;
            of idle, of opening: errors that connections saw which were idle, or being opened, meanwhile;
            hung: calls that had not returned 15 s after a member was writable again.
            """;

    @Spec
    private @Nullable CommandSpec spec;

    @Option(
            names = "--fault",
            paramLabel = "F",
            defaultValue = "kill",
            description = "What happens to the primary: ${COMPLETION-CANDIDATES}; default ${DEFAULT-VALUE}.")
    private Fault fault = Fault.KILL;

    @Option(
            names = "--runs",
            paramLabel = "N",
            defaultValue = "3",
            description = "How often, 1 to 100; default ${DEFAULT-VALUE}.")
    private int runs;

    @Option(
            names = "--ttl",
            paramLabel = "N",
            defaultValue = "20",
            description = "How long the leader key lives, in seconds, 20 to 60; default ${DEFAULT-VALUE}.")
    private int ttl;

    @Option(
            names = "--writers",
            paramLabel = "N",
            defaultValue = "2",
            description = "Threads that write through each route, 1 to 32; default ${DEFAULT-VALUE}.")
    private int writers;

    @Option(names = "--markdown", description = "Print the tables in Markdown.")
    private boolean markdown;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Print this text.")
    private boolean help;

    @Override
    public Integer call() throws SQLException, InterruptedException {
        Range.check(spec, "--runs", runs, 1, 100);
        Range.check(spec, "--ttl", ttl, 20, 60);
        Range.check(spec, "--writers", writers, 1, 32);
        Duration lease = Duration.ofSeconds(ttl);
        Duration third = Duration.ofSeconds(ttl / 3);
        List<OutageRun.Result> results = new ArrayList<>();
        System.err.println(
                "Starting a cluster: 3 members, synchronous replication, ttl " + ttl + " s, HAProxy in front.");
        try (PatroniCluster cluster = PatroniCluster.local()
                .ttl(lease)
                .loopWait(third)
                .retryTimeout(third)
                .haproxy(true)
                .start()) {
            List<Route> routes = List.of(Route.pgbaton(cluster), Route.haproxy(cluster), Route.multiHost(cluster));
            OutageRun run = new OutageRun(cluster, fault, writers, lease.plus(PATIENCE_BEYOND_TTL));
            for (int i = 1; i <= runs; i++) {
                if (i > 1) {
                    cluster.restore(RESTORE);
                }
                OutageRun.Result result = run.run(routes);
                results.add(result);
                System.err.printf("run %d of %d: %s%n", i, runs, result.fault());
                System.err.print(OutageTable.runs(List.of(result)).text(false));
            }
            // The cluster ends before the driver does, and the driver would say so.
            ((LoggerContext) LoggerFactory.getILoggerFactory()).stop();
        }
        System.out.print(OutageTable.runs(results).text(markdown));
        System.out.println();
        System.out.print(OutageTable.summary(fault.toString(), results).text(markdown));
        System.out.print(LEGEND);
        return 0;
    }
}
