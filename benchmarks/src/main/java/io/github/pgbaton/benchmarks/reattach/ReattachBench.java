package io.github.pgbaton.benchmarks.reattach;

import io.github.pgbaton.benchmarks.Goals;
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
import java.util.Optional;
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

    @Option(
            names = "--check",
            arity = "0..1",
            paramLabel = "N",
            fallbackValue = "3",
            description =
                    "Exit with 1 where in some run not all are back within N s, 1 to 90; without N, ${FALLBACK-VALUE}.")
    private @Nullable Integer check;

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
        if (check != null) {
            Range.check(spec, "--check", check, 1, 90);
        }
        List<Back> all = new ArrayList<>();
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
                Back back = once(cluster);
                all.add(back);
                System.err.println("run " + run + " of " + runs + ": " + back.row(run));
            }
        }
        List<List<String>> rows = new ArrayList<>();
        for (Back back : all) {
            rows.add(back.row(rows.size() + 1));
        }
        System.out.print(new Table(List.of("run", "connections", "first back after", "half", "all", "errors"), rows)
                .text(markdown));
        System.out.println("\nTimes from the moment at which the new primary took writes, as the truth probe saw it.");
        return check == null ? 0 : goals(Duration.ofSeconds(check), all).report(System.err);
    }

    private Back once(PatroniCluster cluster) throws SQLException, InterruptedException {
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
            return new Back(
                    waiters.sorted().stream()
                            .map(back -> Duration.ofNanos(back - writable))
                            .toList(),
                    waiters.errors());
        }
    }

    static Goals goals(Duration most, List<Back> runs) {
        Goals goals = new Goals("reattach");
        for (int run = 1; run <= runs.size(); run++) {
            Back back = runs.get(run - 1);
            goals.atMost("run " + run + ", all after", back.last(), most);
            goals.none("run " + run + ", errors", back.errors());
        }
        return goals;
    }

    /**
     * A run.
     *
     * @param times from the moment at which the new primary took writes to a connection's commit, the first one first
     * @param errors connections without one
     */
    record Back(List<Duration> times, int errors) {
        /** The last one's; nothing where none came back. */
        Optional<Duration> last() {
            return at(times.size() - 1);
        }

        List<String> row(int run) {
            return List.of(
                    Integer.toString(run),
                    Integer.toString(times.size() + errors),
                    text(at(0)),
                    text(at((times.size() - 1) / 2)),
                    text(last()),
                    Integer.toString(errors));
        }

        private Optional<Duration> at(int index) {
            return times.isEmpty() ? Optional.empty() : Optional.of(times.get(index));
        }

        private static String text(Optional<Duration> time) {
            return time.map(t -> String.format(Locale.ROOT, "%.2f s", t.toNanos() / 1e9))
                    .orElse("never");
        }
    }
}
