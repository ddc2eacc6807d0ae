package io.github.pgbaton;

import io.github.pgbaton.event.FailoverEvent;
import io.github.pgbaton.event.FailoverListener;
import io.github.pgbaton.event.FailoverListeners;
import io.github.pgbaton.replay.ProtectionReport;
import io.github.pgbaton.topology.ClusterState;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.ToDoubleFunction;
import java.util.function.ToLongFunction;

/**
 * Micrometer's meters of all clusters of this JVM; every meter has the tag {@code cluster}, and none holds a secret.
 *
 * <p>Needs {@code io.micrometer:micrometer-core}, which an application with meters has. One for the whole JVM will do:
 *
 * <pre>{@code new BatonMeters().bindTo(registry);}</pre>
 *
 * <p>Timers: {@code pgbaton.failover}, from the first sign of it to a writable primary; {@code pgbaton.hold}, how long new
 * transactions were held back; {@code pgbaton.session.move}, how long a call waited for another session. Counters:
 * {@code pgbaton.sessions.aborted}; {@code pgbaton.sessions.moved.idle}, of connections that nobody used; {@code pgbaton.transactions} with the tag {@code outcome}: {@code protected} and
 * {@code unprotected}, {@code replayed} and {@code lost}. Gauges: {@code pgbaton.primary.led}, {@code pgbaton.primary.timeline}, {@code
 * pgbaton.source.silent}. Thread-safe.
 */
public final class BatonMeters implements MeterBinder, AutoCloseable {
    private static final String CLUSTER = "cluster";
    private static final String IDLE_MOVES = "pgbaton.sessions.moved.idle";

    private final List<MeterRegistry> registries = new CopyOnWriteArrayList<>();
    private final Set<String> seen = ConcurrentHashMap.newKeySet();
    private final FailoverListener listener = this::count;

    /** Counts nothing before it is bound. */
    public BatonMeters() {}

    /**
     * Registers the meters of the clusters that are known, and those of others once there is something to tell of them.
     *
     * @param registry of the application; may be called for several of them
     */
    @Override
    public void bindTo(MeterRegistry registry) {
        registries.add(registry);
        FailoverListeners.add(listener);
        seen.forEach(cluster -> register(registry, cluster));
        Clusters.states().forEach(state -> meet(state.cluster()));
        Protection.reports().forEach(report -> meet(report.cluster()));
    }

    private void meet(String cluster) {
        if (seen.add(cluster)) {
            registries.forEach(registry -> register(registry, cluster));
        }
    }

    private static void register(MeterRegistry registry, String cluster) {
        transactions(registry, cluster, "protected", ProtectionReport::protectedTransactions);
        transactions(registry, cluster, "unprotected", ProtectionReport::unprotectedTransactions);
        transactions(registry, cluster, "replayed", ProtectionReport::replayed);
        transactions(registry, cluster, "lost", ProtectionReport::lost);
        gauge(
                registry,
                cluster,
                "pgbaton.primary.led",
                "1 while there is a leader, 0 while there is none",
                state -> state.led() ? 1 : 0);
        gauge(
                registry,
                cluster,
                "pgbaton.primary.timeline",
                "of the last primary that was verified",
                ClusterState::timeline);
        gauge(
                registry,
                cluster,
                "pgbaton.source.silent",
                "1 while nothing can tell the leader but the members",
                state -> state.silence() == null ? 0 : 1);
        // Timers are there from the start, so that the absence of failovers is a 0 and not a gap.
        failovers(registry, cluster);
        holds(registry, cluster);
        moves(registry, cluster);
        registry.counter("pgbaton.sessions.aborted", CLUSTER, cluster);
        registry.counter(IDLE_MOVES, CLUSTER, cluster);
    }

    private static void transactions(
            MeterRegistry registry, String cluster, String outcome, ToLongFunction<ProtectionReport> count) {
        FunctionCounter.builder(
                        "pgbaton.transactions",
                        cluster,
                        name -> Protection.reports().stream()
                                .filter(report -> report.cluster().equals(name))
                                .mapToLong(count)
                                .sum())
                .description("transactions of this JVM, by what became of them")
                .tags(CLUSTER, cluster, "outcome", outcome)
                .register(registry);
    }

    private static void gauge(
            MeterRegistry registry, String cluster, String name, String text, ToDoubleFunction<ClusterState> value) {
        // Strongly held: the name of a cluster is of no use to anybody else, and would be collected.
        Gauge.builder(
                        name,
                        cluster,
                        wanted -> Clusters.states().stream()
                                .filter(state -> state.cluster().equals(wanted))
                                .mapToDouble(value)
                                .findFirst()
                                .orElse(Double.NaN))
                .description(text)
                .tag(CLUSTER, cluster)
                .strongReference(true)
                .register(registry);
    }

    private static Timer failovers(MeterRegistry registry, String cluster) {
        return timer(registry, cluster, "pgbaton.failover", "from the first sign of a failover to a writable primary");
    }

    private static Timer holds(MeterRegistry registry, String cluster) {
        return timer(registry, cluster, "pgbaton.hold", "how long new transactions were held back for a switchover");
    }

    private static Timer moves(MeterRegistry registry, String cluster) {
        return timer(registry, cluster, "pgbaton.session.move", "how long a call waited for another session");
    }

    private static Timer timer(MeterRegistry registry, String cluster, String name, String text) {
        return Timer.builder(name).description(text).tag(CLUSTER, cluster).register(registry);
    }

    private void count(FailoverEvent event) {
        String cluster = event.cluster();
        meet(cluster);
        for (MeterRegistry registry : registries) {
            if (event instanceof FailoverEvent.PrimaryWritable writable) {
                failovers(registry, cluster).record(writable.sinceLost());
            } else if (event instanceof FailoverEvent.HoldEnded hold) {
                holds(registry, cluster).record(hold.held());
            } else if (event instanceof FailoverEvent.SessionMoved moved) {
                if (moved.waited().isZero()) {
                    // Nobody waited. As many zeros as a pool has idle connections would hide how long calls wait.
                    registry.counter(IDLE_MOVES, CLUSTER, cluster).increment();
                } else {
                    moves(registry, cluster).record(moved.waited());
                }
            } else if (event instanceof FailoverEvent.SessionsAborted aborted) {
                registry.counter("pgbaton.sessions.aborted", CLUSTER, cluster).increment(aborted.count());
            }
        }
    }

    /** Counts no further; the meters stay where they are. */
    @Override
    public void close() {
        FailoverListeners.remove(listener);
    }
}
