package io.github.pgbaton.benchmarks.throughput;

import io.github.pgbaton.benchmarks.Goals;
import io.github.pgbaton.benchmarks.Range;
import io.github.pgbaton.benchmarks.Table;
import io.github.pgbaton.examples.demo.Route;
import io.github.pgbaton.internal.outcome.LedgerSql;
import io.github.pgbaton.testkit.PatroniCluster;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Runs the same bank through PgJDBC and through pgbaton in turn, and prints the ratios of their throughput. */
@Command(
        name = "throughput",
        description = "TPC-B-like transactions through PgJDBC and pgbaton, in turn, on a synchronous cluster.")
public final class ThroughputBench implements Callable<Integer> {
    private static final Duration WARM_UP = Duration.ofSeconds(4);

    private static final String WITHOUT_REPLAY = "pgbaton, replay=off";
    private static final String WITH_LEDGER = "pgbaton, replay=verified, ledger";

    /** The goals: by route, of its ratio. */
    private static final Map<String, Double> LEAST = Map.of(WITHOUT_REPLAY, 0.99, WITH_LEDGER, 0.97);

    private static final String LEGEND = """

            Each round measures every route once, in another order; a ratio compares a route with PgJDBC in the same round.
            tps: transactions per second, the median of all rounds; ratio: their median, and the middle half of them.
            """;

    @Spec
    private @Nullable CommandSpec spec;

    @Option(
            names = "--clients",
            paramLabel = "N",
            defaultValue = "8",
            description = "Connections of each route, 1 to 64; default ${DEFAULT-VALUE}.")
    private int clients;

    @Option(
            names = "--rounds",
            paramLabel = "N",
            defaultValue = "15",
            description = "How often each route is measured, 1 to 200; default ${DEFAULT-VALUE}.")
    private int rounds;

    @Option(
            names = "--seconds",
            paramLabel = "N",
            defaultValue = "3",
            description = "How long each time, 1 to 60; default ${DEFAULT-VALUE}.")
    private int seconds;

    @Option(
            names = "--branches",
            paramLabel = "N",
            defaultValue = "20",
            description = "Size of the bank, 1 to 1000; default ${DEFAULT-VALUE}.")
    private int branches;

    @Option(names = "--async", description = "Without synchronous replication.")
    private boolean async;

    @Option(
            names = "--check",
            description = "Exit with 1 where the ratio is below 0.99 with replay=off, or below 0.97 with the ledger.")
    private boolean check;

    @Option(names = "--markdown", description = "Print the table in Markdown.")
    private boolean markdown;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Print this text.")
    private boolean help;

    @Override
    public Integer call() throws SQLException, InterruptedException {
        Range.check(spec, "--clients", clients, 1, 64);
        Range.check(spec, "--rounds", rounds, 1, 200);
        Range.check(spec, "--seconds", seconds, 1, 60);
        Range.check(spec, "--branches", branches, 1, 1000);
        System.err.println(
                "Starting a cluster: 2 members, " + (async ? "asynchronous" : "synchronous") + " replication.");
        List<Bank> banks = new ArrayList<>();
        double[][] tps;
        ExecutorService threads = Executors.newFixedThreadPool(clients);
        try (PatroniCluster cluster = PatroniCluster.local()
                .members(2)
                .synchronousMode(!async)
                .postgresParameter("max_connections", Integer.toString(4 * clients + 50))
                .start()) {
            Route direct = Route.direct(cluster, cluster.awaitPrimary(Duration.ofSeconds(30)));
            try (Connection connection = direct.open()) {
                Teller.found(connection, branches);
            }
            createLedger(cluster, direct);
            banks.add(Bank.open(named(direct, "PgJDBC", ""), clients, branches));
            Route ours = Route.pgbaton(cluster);
            banks.add(Bank.open(named(ours, WITHOUT_REPLAY, "&replay=off&commitOutcome=none"), clients, branches));
            banks.add(Bank.open(
                    named(ours, "pgbaton, replay=verified", "&replay=verified&commitOutcome=none"), clients, branches));
            banks.add(Bank.open(named(ours, WITH_LEDGER, "&replay=verified&commitOutcome=ledger"), clients, branches));
            tps = measure(banks, threads);
            for (Bank bank : banks) {
                bank.close();
            }
            try (Connection connection = direct.open()) {
                if (!Teller.balanced(connection)) {
                    throw new IllegalStateException("the bank's books do not balance");
                }
            }
            System.out.print(table(names(banks), tps).text(markdown));
            System.out.print(LEGEND);
        } finally {
            threads.shutdownNow();
        }
        return check ? goals(names(banks), tps).report(System.err) : 0;
    }

    private static Route named(Route route, String name, String parameters) {
        return new Route(name, route.url() + parameters, route.user(), route.password());
    }

    private static void createLedger(PatroniCluster cluster, Route direct) throws SQLException {
        try (Connection connection =
                        DriverManager.getConnection(direct.url(), cluster.superuser(), cluster.superuserPassword());
                Statement statement = connection.createStatement()) {
            statement.execute(LedgerSql.create(LedgerSql.DEFAULT_RETENTION, List.of()));
        }
    }

    /** By bank, then by round. */
    private double[][] measure(List<Bank> banks, ExecutorService threads) throws SQLException, InterruptedException {
        for (Bank bank : banks) {
            bank.work(threads, WARM_UP);
        }
        double[][] tps = new double[banks.size()][rounds];
        List<Integer> order =
                new ArrayList<>(IntStream.range(0, banks.size()).boxed().toList());
        for (int round = 0; round < rounds; round++) {
            // In turn: whatever follows a checkpoint or a purge is another route each time.
            Collections.rotate(order, 1);
            if (round % order.size() == 0) {
                Collections.swap(order, 0, 1);
            }
            for (int bank : order) {
                tps[bank][round] = banks.get(bank).work(threads, Duration.ofSeconds(seconds));
            }
            System.err.printf(Locale.ROOT, "round %d of %d:%s%n", round + 1, rounds, perSecond(tps, round));
        }
        return tps;
    }

    private static String perSecond(double[][] tps, int round) {
        return Arrays.stream(tps)
                .map(bank -> String.format(Locale.ROOT, " %.0f", bank[round]))
                .collect(Collectors.joining());
    }

    private static List<String> names(List<Bank> banks) {
        return banks.stream().map(Bank::name).toList();
    }

    static Goals goals(List<String> routes, double[][] tps) {
        Goals goals = new Goals("throughput");
        for (int route = 0; route < tps.length; route++) {
            Double least = LEAST.get(routes.get(route));
            if (least != null) {
                goals.atLeast(routes.get(route) + ", ratio", quantile(ratios(tps, route), 0.5), least);
            }
        }
        return goals;
    }

    static Table table(List<String> routes, double[][] tps) {
        List<List<String>> rows = new ArrayList<>();
        for (int bank = 0; bank < routes.size(); bank++) {
            double[] ratios = ratios(tps, bank);
            double[] sorted = tps[bank].clone();
            Arrays.sort(sorted);
            rows.add(List.of(
                    routes.get(bank),
                    String.format(Locale.ROOT, "%.0f", quantile(sorted, 0.5)),
                    String.format(Locale.ROOT, "%.3f", quantile(ratios, 0.5)),
                    String.format(Locale.ROOT, "%.3f to %.3f", quantile(ratios, 0.25), quantile(ratios, 0.75))));
        }
        return new Table(List.of("route", "tps", "ratio", "middle half"), rows);
    }

    /** Of each round, compared with PgJDBC in the same one; sorted. */
    private static double[] ratios(double[][] tps, int route) {
        double[] ratios = new double[tps[route].length];
        for (int round = 0; round < ratios.length; round++) {
            ratios[round] = tps[route][round] / tps[0][round];
        }
        Arrays.sort(ratios);
        return ratios;
    }

    /** Between two values in proportion, so that the median of an even number is the mean of the two in the middle. */
    static double quantile(double[] sorted, double part) {
        double at = (sorted.length - 1) * part;
        int below = (int) at;
        int above = Math.min(below + 1, sorted.length - 1);
        return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
    }
}
