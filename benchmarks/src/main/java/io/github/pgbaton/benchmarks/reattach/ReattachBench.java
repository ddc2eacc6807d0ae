package io.github.pgbaton.benchmarks.reattach;

import io.github.pgbaton.benchmarks.Range;
import io.github.pgbaton.benchmarks.Table;
import io.github.pgbaton.examples.demo.Route;
import io.github.pgbaton.testkit.ClusterException;
import io.github.pgbaton.testkit.PatroniCluster;
import io.github.pgbaton.testkit.Truth;
import io.github.pgbaton.testkit.Truth.Outage;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Kills the primary while many connections wait for the next one, and prints when they have it. */
@Command(
        name = "reattach",
        description = "How long many waiting connections of one JVM need until all of them work on the new primary.")
public final class ReattachBench implements Callable<Integer> {
    private static final int TTL = 20;
    private static final Duration PATIENCE = Duration.ofSeconds(90);
    private static final Duration RESTORE = Duration.ofMinutes(3);

    @Spec
    private @Nullable CommandSpec spec;

    @Option(
            names = "--connections",
            paramLabel = "N",
            defaultValue = "500",
            description = "How many, 1 to 1000; default ${DEFAULT-VALUE}.")
    private int connections;

    @Option(
            names = "--runs",
            paramLabel = "N",
            defaultValue = "3",
            description = "How often, 1 to 100; default ${DEFAULT-VALUE}.")
    private int runs;

    @Option(names = "--markdown", description = "Print the table in Markdown.")
    private boolean markdown;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Print this text.")
    private boolean help;

    @Override
    public Integer call() throws SQLException, InterruptedException {
        Range.check(spec, "--connections", connections, 1, 1000);
        Range.check(spec, "--runs", runs, 1, 100);
        List<List<String>> rows = new ArrayList<>();
        System.err.println("Starting a cluster: 3 members, synchronous replication, ttl " + TTL + " s.");
        try (PatroniCluster cluster = PatroniCluster.local()
                .ttl(Duration.ofSeconds(TTL))
                .loopWait(Duration.ofSeconds(TTL / 3))
                .retryTimeout(Duration.ofSeconds(TTL / 3))
                .postgresParameter("max_connections", Integer.toString(connections + 100))
                .start()) {
            for (int run = 1; run <= runs; run++) {
                if (run > 1) {
                    cluster.restore(RESTORE);
                }
                rows.add(once(cluster, run));
                System.err.println("run " + run + " of " + runs + ": " + rows.get(run - 1));
            }
        }
        System.out.print(new Table(List.of("run", "connections", "first back after", "half", "all", "errors"), rows)
                .text(markdown));
        System.out.println("\nTimes from the moment at which the new primary took writes, as the truth probe saw it.");
        return 0;
    }

    private List<String> once(PatroniCluster cluster, int run) throws SQLException, InterruptedException {
        String primary = cluster.awaitPrimary(PATIENCE);
        Truth truth = cluster.truth();
        try (Waiters waiters = Waiters.open(Route.pgbaton(cluster), connections)) {
            long fault = System.nanoTime();
            cluster.kill(primary);
            waiters.call();
            waiters.await(PATIENCE);
            long writable = truth.outages().stream()
                    .filter(outage ->
                            outage.toNanos().isPresent() && outage.toNanos().getAsLong() - fault > 0)
                    .mapToLong((Outage outage) -> outage.toNanos().getAsLong())
                    .max()
                    .orElseThrow(() -> new ClusterException("no member was writable again"));
            List<Long> back = waiters.sorted();
            return List.of(
                    Integer.toString(run),
                    Integer.toString(connections),
                    since(writable, back, 0),
                    since(writable, back, (back.size() - 1) / 2),
                    since(writable, back, back.size() - 1),
                    Integer.toString(waiters.errors()));
        }
    }

    private static String since(long writable, List<Long> back, int index) {
        return back.isEmpty() ? "never" : String.format(Locale.ROOT, "%.2f s", (back.get(index) - writable) / 1e9);
    }
}
