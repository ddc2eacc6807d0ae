package io.github.pgbaton.internal.routing;

import io.github.pgbaton.replay.ProtectionReport;
import io.github.pgbaton.replay.ProtectionReport.Reason;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.LongAdder;

/**
 * Counts, for one cluster, how transactions were protected; outlives its trackers, so that nothing counted is lost.
 *
 * <p>Thread-safe; bounded, for SQL text may differ without end.
 */
public final class ProtectionCounters {
    private static final int MOST_REASONS = 200;
    private static final Reason SOMETHING_ELSE = new Reason("something else", null);
    private static final ConcurrentMap<String, ProtectionCounters> BY_CLUSTER = new ConcurrentHashMap<>();

    private final String cluster;
    private final LongAdder protectedOnes = new LongAdder();
    private final LongAdder unprotectedOnes = new LongAdder();
    private final LongAdder replayed = new LongAdder();
    private final LongAdder keptValues = new LongAdder();
    private final LongAdder lost = new LongAdder();
    private final LongAdder withoutStandby = new LongAdder();
    private final LongAdder inDoubt = new LongAdder();
    private final ConcurrentMap<Reason, LongAdder> reasons = new ConcurrentHashMap<>();

    private ProtectionCounters(String cluster) {
        this.cluster = cluster;
    }

    static ProtectionCounters of(String cluster) {
        return BY_CLUSTER.computeIfAbsent(cluster, ProtectionCounters::new);
    }

    /** @return a snapshot for each cluster */
    public static List<ProtectionReport> reports() {
        return BY_CLUSTER.values().stream().map(ProtectionCounters::report).toList();
    }

    /** A transaction was committed that would have survived the loss of its session at every moment. */
    public void committedProtected() {
        protectedOnes.increment();
    }

    /** @param reason why another one was committed that would not have */
    public void committedUnprotected(Reason reason) {
        unprotectedOnes.increment();
        LongAdder known = reasons.get(reason);
        if (known == null) {
            Reason counted = reasons.size() < MOST_REASONS ? reason : SOMETHING_ELSE;
            known = reasons.computeIfAbsent(counted, absent -> new LongAdder());
        }
        known.increment();
    }

    /**
     * A transaction goes on after a replay.
     *
     * @param values of sequences that it kept
     */
    public void replayed(int values) {
        replayed.increment();
        keptValues.add(values);
    }

    /** A transaction was lost. */
    public void lost() {
        lost.increment();
    }

    /** A transaction was committed while the server waited for no synchronous standby, though Patroni is to keep one. */
    public void committedWithoutStandby() {
        withoutStandby.increment();
    }

    /** A COMMIT was sent, and what became of it has to be found out. */
    public void inDoubt() {
        inDoubt.increment();
    }

    private ProtectionReport report() {
        Map<Reason, Long> counts = new HashMap<>();
        reasons.forEach((reason, count) -> counts.put(reason, count.sum()));
        return new ProtectionReport(
                cluster,
                protectedOnes.sum(),
                unprotectedOnes.sum(),
                replayed.sum(),
                keptValues.sum(),
                lost.sum(),
                withoutStandby.sum(),
                inDoubt.sum(),
                counts);
    }

    /** One clause for a log line. */
    String summary() {
        // Not by a Formatter: the first failover of a JVM would load it under the lock that everybody waits for.
        return "transactions so far: " + protectedOnes.sum() + " protected, " + unprotectedOnes.sum() + " not, "
                + replayed.sum() + " replayed, " + lost.sum() + " lost, " + withoutStandby.sum()
                + " committed without a synchronous standby, " + inDoubt.sum() + " commits in doubt";
    }
}
