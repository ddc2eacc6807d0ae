package io.github.pgbaton.examples.chaos;

import io.github.pgbaton.Protection;
import io.github.pgbaton.replay.ProtectionReport;
import io.github.pgbaton.testkit.PatroniCluster;
import java.util.function.ToLongFunction;

/**
 * What the driver counted of one cluster's transactions: without it a campaign that never met a COMMIT in doubt would pass.
 *
 * @param inDoubt COMMITs whose answer did not come
 * @param replayed transactions that went on after a replay
 */
record Counted(long inDoubt, long replayed) {

    /** Since this JVM began; no two clusters of a JVM have the same scope. */
    static Counted of(PatroniCluster cluster) {
        return new Counted(
                sum(cluster.scope(), ProtectionReport::inDoubt), sum(cluster.scope(), ProtectionReport::replayed));
    }

    private static long sum(String scope, ToLongFunction<ProtectionReport> count) {
        return Protection.reports().stream()
                .filter(report -> report.cluster().endsWith(scope))
                .mapToLong(count)
                .sum();
    }
}
