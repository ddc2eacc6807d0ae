package io.github.pgbaton.benchmarks.outage;

import io.github.pgbaton.examples.demo.Fault;
import io.github.pgbaton.examples.demo.Load;
import io.github.pgbaton.examples.demo.Route;
import io.github.pgbaton.testkit.ClusterException;
import io.github.pgbaton.testkit.PatroniCluster;
import io.github.pgbaton.testkit.Truth;
import io.github.pgbaton.testkit.Truth.Outage;
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
 * One fault on a healthy cluster, seen through all routes at once; leaves the cluster as broken as the fault made it.
 *
 * @param cluster somebody else restores it
 * @param fault what happens to its primary
 * @param writers threads on each route
 * @param patience how long the cluster may take until a member is writable again
 */
record OutageRun(PatroniCluster cluster, Fault fault, int writers, Duration patience) {
    /** On each route; half of them are used while there is no primary, the others afterwards. */
    private static final int IDLE = 10;

    private static final Duration WARM_UP = Duration.ofSeconds(30);
    private static final Duration CALM = Duration.ofSeconds(3);
    private static final Duration TICK = Duration.ofMillis(250);

    /** One connection is opened a second: some are always waiting, and they are no load of their own. */
    private static final int TICKS_PER_CALL = 4;

    /** A call that has not returned so long after the new primary took writes hangs; a proxy needs seconds. */
    private static final Duration HUNG_AFTER = Duration.ofSeconds(15);

    private static final Duration STOP = Duration.ofSeconds(5);

    /**
     * What a run showed.
     *
     * @param fault what was done, for people
     * @param outage how long no member was writable, as the members themselves told
     * @param routes in the order given
     */
    record Result(String fault, Duration outage, List<RouteResult> routes) {}

    Result run(List<Route> routes) throws SQLException, InterruptedException {
        String primary = cluster.awaitPrimary(Duration.ofSeconds(30));
        prepare(cluster, primary);
        Truth truth = cluster.truth();
        List<Load> loads = new ArrayList<>();
        List<Bystanders> aside = new ArrayList<>();
        try {
            for (Route route : routes) {
                loads.add(Load.start(route, writers));
                aside.add(Bystanders.of(route, IDLE));
            }
            warmUp(loads);
            Thread.sleep(CALM.toMillis());
            long faultNanos = System.nanoTime();
            CompletableFuture<Void> injected = CompletableFuture.runAsync(() -> fault.inject(cluster, primary));
            Outage outage = watch(truth, loads, aside, faultNanos, injected);
            Thread.sleep(CALM.toMillis());
            return new Result(fault.text(primary), outage.length(), results(loads, aside, faultNanos, outage));
        } finally {
            for (Load load : loads) {
                load.stop(Duration.ZERO);
            }
        }
    }

    static void prepare(PatroniCluster cluster, String primary) throws SQLException {
        try (Connection connection = Route.direct(cluster, primary).open();
                Statement statement = connection.createStatement()) {
            statement.execute(
                    "CREATE TABLE IF NOT EXISTS example (key text NOT NULL, at timestamptz NOT NULL DEFAULT now())");
            statement.execute("CREATE INDEX IF NOT EXISTS example_key ON example (key)");
            // The writers' keys begin anew with each run, and a row of the last one would look like their own.
            statement.execute("TRUNCATE example");
        }
    }

    static void warmUp(List<Load> loads) throws InterruptedException {
        for (long end = System.nanoTime() + WARM_UP.toNanos();
                loads.stream().anyMatch(load -> load.ledger().tally().commits() == 0); ) {
            if (System.nanoTime() - end > 0) {
                throw new ClusterException("a route wrote nothing on a healthy cluster within " + WARM_UP);
            }
            Thread.sleep(TICK.toMillis());
        }
    }

    /** Uses and opens connections until every route has written again, or has had its time. */
    private Outage watch(
            Truth truth, List<Load> loads, List<Bystanders> aside, long faultNanos, CompletableFuture<Void> injected)
            throws InterruptedException {
        boolean usedRest = false;
        for (int tick = 0; ; tick++) {
            if (tick % TICKS_PER_CALL == TICKS_PER_CALL - 1) {
                if (tick < TICKS_PER_CALL * IDLE / 2) {
                    aside.forEach(Bystanders::useOne);
                }
            } else if (tick % TICKS_PER_CALL == 0) {
                aside.forEach(Bystanders::openOne);
            }
            Thread.sleep(TICK.toMillis());
            if (injected.isCompletedExceptionally()) {
                throw cause(injected);
            }
            long now = System.nanoTime();
            Optional<Outage> over = outage(truth, faultNanos).filter(o -> !o.open());
            if (over.isEmpty()) {
                if (now - faultNanos - patience.toNanos() > 0) {
                    throw new ClusterException("no member was writable again within " + patience);
                }
                continue;
            }
            long writable = over.get().toNanos().orElseThrow();
            boolean all = loads.stream().allMatch(load -> load.ledger().committedSince(writable));
            if (!usedRest && (all || now - writable > HUNG_AFTER.toNanos())) {
                aside.forEach(Bystanders::useRest);
                usedRest = true;
            }
            if (injected.isDone() && (all || now - writable > HUNG_AFTER.toNanos())) {
                return over.get();
            }
        }
    }

    /** The one that the fault caused; the last write before it may have been acknowledged a moment before. */
    static Optional<Outage> outage(Truth truth, long faultNanos) {
        return truth.outages().stream()
                .filter(outage ->
                        outage.fromNanos() - faultNanos > -Duration.ofSeconds(1).toNanos())
                .max(Comparator.comparing(Outage::length));
    }

    private static List<RouteResult> results(List<Load> loads, List<Bystanders> aside, long faultNanos, Outage outage)
            throws InterruptedException {
        List<RouteResult> results = new ArrayList<>();
        for (int i = 0; i < loads.size(); i++) {
            Load load = loads.get(i);
            int hungWriters = load.stop(STOP);
            results.add(RouteResult.of(load, faultNanos, outage, aside.get(i).finish(STOP), hungWriters));
        }
        return results;
    }

    static RuntimeException cause(CompletableFuture<Void> failed) {
        try {
            failed.join();
            throw new IllegalStateException("it did not fail");
        } catch (CompletionException e) {
            return e.getCause() instanceof RuntimeException cause ? cause : new ClusterException("the fault failed", e);
        }
    }
}
