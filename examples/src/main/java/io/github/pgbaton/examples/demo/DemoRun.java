package io.github.pgbaton.examples.demo;

import io.github.pgbaton.examples.demo.Verdict.RouteVerdict;
import io.github.pgbaton.internal.outcome.LedgerSql;
import io.github.pgbaton.testkit.ClusterException;
import io.github.pgbaton.testkit.PatroniCluster;
import io.github.pgbaton.testkit.Truth;
import io.github.pgbaton.testkit.Truth.Outage;
import java.io.PrintStream;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/**
 * One fault under load, from calm to calm, on a cluster that somebody else closes.
 *
 * @param settle how long the load runs before the fault, and again after the last route has recovered
 * @param patience how long the recovery may take
 */
public record DemoRun(PatroniCluster cluster, Fault fault, int threads, Duration settle, Duration patience) {
    private static final Duration TICK = Duration.ofSeconds(1);
    private static final Duration WARM_UP = Duration.ofSeconds(30);
    private static final Duration STOP = Duration.ofSeconds(5);

    /** Runs it; the verdict is on the database that the new primary holds. */
    public Verdict run(List<Route> routes, PrintStream out) throws SQLException, InterruptedException {
        String primary = cluster.awaitPrimary(Duration.ofSeconds(30));
        prepare(primary);
        Truth truth = cluster.truth();
        List<Load> loads = new ArrayList<>();
        try (LiveView view = new LiveView(out, cluster.events(), loads(routes, loads))) {
            view.head();
            warmUp(view, truth, loads);
            calm(view, truth, "calm");
            view.say(">>> " + fault.text(primary));
            long faultNanos = System.nanoTime();
            CompletableFuture<Void> injected = CompletableFuture.runAsync(() -> fault.inject(cluster, primary));
            if (recover(view, truth, loads, faultNanos, injected)) {
                calm(view, truth, "recovered");
            } else {
                view.say("a route has not recovered within " + patience.toSeconds() + " s");
            }
            for (Load load : loads) {
                int late = load.stop(STOP);
                if (late > 0) {
                    view.say(late + " threads of " + load.name() + " are stuck");
                }
            }
            return verdict(fault.text(primary), outage(truth, faultNanos), faultNanos, loads);
        } finally {
            for (Load load : loads) {
                load.stop(Duration.ZERO);
            }
        }
    }

    private List<Load> loads(List<Route> routes, List<Load> loads) {
        routes.forEach(route -> loads.add(Load.start(route, threads)));
        return loads;
    }

    private void prepare(String primary) throws SQLException {
        try (Connection connection = Route.direct(cluster, primary).open();
                Statement statement = connection.createStatement()) {
            // No unique constraint: it would hide a row that was written twice.
            statement.execute("CREATE TABLE example (key text NOT NULL, at timestamptz NOT NULL DEFAULT now())");
            statement.execute("CREATE INDEX ON example (key)");
            // What ./run ledger create does: with it, pgbaton knows what became of a COMMIT that was cut off.
            statement.execute(LedgerSql.create(LedgerSql.DEFAULT_RETENTION, List.of()));
        }
    }

    /** Until every route has written: the first connection of each loads its classes. */
    private static void warmUp(LiveView view, Truth truth, List<Load> loads) throws InterruptedException {
        for (long end = System.nanoTime() + WARM_UP.toNanos();
                loads.stream().anyMatch(load -> load.ledger().tally().commits() == 0); ) {
            if (System.nanoTime() - end > 0) {
                throw new ClusterException("a route wrote nothing on a healthy cluster within " + WARM_UP.toSeconds()
                        + " s; errors: "
                        + loads.stream()
                                .map(l -> l.ledger().tally().errorsByState())
                                .toList());
            }
            Thread.sleep(TICK.toMillis());
            view.line(truth.writable().orElse("none"), "warming up");
        }
    }

    private void calm(LiveView view, Truth truth, String phase) throws InterruptedException {
        for (long end = System.nanoTime() + settle.toNanos(); System.nanoTime() - end < 0; ) {
            Thread.sleep(TICK.toMillis());
            view.line(truth.writable().orElse("none"), phase);
        }
    }

    private boolean recover(
            LiveView view, Truth truth, List<Load> loads, long faultNanos, CompletableFuture<Void> injected)
            throws InterruptedException {
        for (long end = faultNanos + patience.toNanos(); System.nanoTime() - end < 0; ) {
            Thread.sleep(TICK.toMillis());
            if (injected.isCompletedExceptionally()) {
                throw cause(injected);
            }
            Optional<Outage> outage = outage(truth, faultNanos);
            List<String> waiting = loads.stream()
                    .filter(load -> !wroteAfter(load, outage))
                    .map(load -> load.name())
                    .toList();
            boolean over = outage.isPresent() && !outage.get().open();
            String phase = !over
                    ? "no primary"
                    : waiting.isEmpty() ? "recovered" : "waiting for " + String.join(", ", waiting);
            view.line(truth.writable().orElse("none"), phase);
            if (injected.isDone() && over && waiting.isEmpty()) {
                return true;
            }
        }
        return false;
    }

    private static boolean wroteAfter(Load load, Optional<Outage> outage) {
        return outage.isPresent()
                && outage.get().toNanos().isPresent()
                && load.ledger().committedSince(outage.get().toNanos().getAsLong());
    }

    /** The one that the fault caused; the last write before it may have been acknowledged a moment before. */
    private static Optional<Outage> outage(Truth truth, long faultNanos) {
        return truth.outages().stream()
                .filter(outage -> outage.fromNanos() - faultNanos > -TICK.toNanos())
                .max(Comparator.comparing(Outage::length));
    }

    private static RuntimeException cause(CompletableFuture<Void> failed) {
        try {
            failed.join();
            throw new IllegalStateException("it did not fail");
        } catch (CompletionException e) {
            return e.getCause() instanceof RuntimeException cause ? cause : new ClusterException("the fault failed", e);
        }
    }

    private Verdict verdict(String text, Optional<Outage> outage, long faultNanos, List<Load> loads)
            throws SQLException {
        Optional<Duration> length = outage.filter(o -> !o.open()).map(Outage::length);
        List<RouteVerdict> routes = new ArrayList<>();
        String primary = cluster.awaitPrimary(patience);
        try (Connection connection = Route.direct(cluster, primary).open()) {
            for (Load load : loads) {
                Ledger ledger = load.ledger();
                Optional<Duration> added = Gap.longestSince(faultNanos, ledger.commits())
                        .filter(gap -> wroteAfter(load, outage))
                        .flatMap(gap -> length.map(gap.length()::minus));
                Audit audit = Audit.of(ledger.keys(), load.prefix(), connection);
                routes.add(new RouteVerdict(load.name(), added, ledger.tally(), audit));
            }
        }
        return new Verdict(text, length, routes);
    }
}
