package io.github.pgbaton.benchmarks.outage;

import io.github.pgbaton.examples.demo.Fault;
import io.github.pgbaton.examples.demo.Load;
import io.github.pgbaton.testkit.ClusterException;
import io.github.pgbaton.testkit.PatroniCluster;
import io.github.pgbaton.testkit.Truth;
import io.github.pgbaton.testkit.Truth.Outage;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;

/**
 * One fault on a healthy cluster, seen through several pools at once, each with more writers than connections; leaves the
 * cluster as broken as the fault made it.
 *
 * @param cluster somebody else restores it
 * @param fault what happens to its primary
 * @param writers threads on each pool
 * @param patience how long the cluster may take until a member is writable again
 */
record PoolRun(PatroniCluster cluster, Fault fault, int writers, Duration patience) {
    private static final Duration CALM = Duration.ofSeconds(3);
    private static final Duration TICK = Duration.ofMillis(250);

    /** As in {@link OutageRun}: a call that has not returned so long after the new primary took writes hangs. */
    private static final Duration HUNG_AFTER = Duration.ofSeconds(15);

    private static final Duration STOP = Duration.ofSeconds(5);

    /**
     * What a pool made of a fault.
     *
     * @param route what its writers saw
     * @param longestWait in getConnection
     * @param opened connections in place of others
     */
    record PoolResult(RouteResult route, Duration longestWait, int opened) {}

    /**
     * What a run showed.
     *
     * @param fault what was done, for people
     * @param outage how long no member was writable, as the members themselves told
     * @param pools in the order given
     */
    record Result(String fault, Duration outage, List<PoolResult> pools) {}

    Result run(List<MeasuredPool> pools) throws SQLException, InterruptedException {
        String primary = cluster.awaitPrimary(Duration.ofSeconds(30));
        OutageRun.prepare(cluster, primary);
        Truth truth = cluster.truth();
        List<Load> loads = new ArrayList<>();
        try {
            for (MeasuredPool pool : pools) {
                loads.add(Load.borrowing(pool.name(), pool, writers));
            }
            OutageRun.warmUp(loads);
            Thread.sleep(CALM.toMillis());
            pools.forEach(MeasuredPool::reset);
            long faultNanos = System.nanoTime();
            CompletableFuture<Void> injected = CompletableFuture.runAsync(() -> fault.inject(cluster, primary));
            Outage outage = watch(truth, loads, faultNanos, injected);
            Thread.sleep(CALM.toMillis());
            List<PoolResult> results = new ArrayList<>();
            for (int i = 0; i < pools.size(); i++) {
                int hung = loads.get(i).stop(STOP);
                Bystanders.Seen nobody = new Bystanders.Seen(Collections.emptySortedMap(), new TreeMap<>(), 0);
                results.add(new PoolResult(
                        RouteResult.of(loads.get(i), faultNanos, outage, nobody, hung),
                        pools.get(i).longestWait(),
                        pools.get(i).opened()));
            }
            return new Result(fault.text(primary), outage.length(), results);
        } finally {
            for (Load load : loads) {
                load.stop(Duration.ZERO);
            }
        }
    }

    /** Until every pool's writers have written again, or have had their time. */
    private Outage watch(Truth truth, List<Load> loads, long faultNanos, CompletableFuture<Void> injected)
            throws InterruptedException {
        while (true) {
            Thread.sleep(TICK.toMillis());
            if (injected.isCompletedExceptionally()) {
                throw OutageRun.cause(injected);
            }
            long now = System.nanoTime();
            Optional<Outage> over = OutageRun.outage(truth, faultNanos).filter(outage -> !outage.open());
            if (over.isEmpty()) {
                if (now - faultNanos - patience.toNanos() > 0) {
                    throw new ClusterException("no member was writable again within " + patience);
                }
                continue;
            }
            long writable = over.get().toNanos().orElseThrow();
            boolean all = loads.stream().allMatch(load -> load.ledger().committedSince(writable));
            if (injected.isDone() && (all || now - writable > HUNG_AFTER.toNanos())) {
                return over.get();
            }
        }
    }
}
