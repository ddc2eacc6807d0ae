package io.github.pgbaton.internal.routing;

import io.github.pgbaton.internal.probe.Knock;
import io.github.pgbaton.internal.socket.SocketRegistry;
import io.github.pgbaton.topology.HostPort;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.Supplier;

/**
 * Finds members that have fallen silent while calls wait for them, and reports each only after several signs of life in a
 * row were missing; a call that merely takes long is never touched.
 *
 * <p>It catches what no leader key tells and no socket error ends: a network cut between this client and a member that is
 * still the leader, and a half-open connection. It costs a call nothing but a time stamp around its socket read: once a
 * second the tracker's timer looks at the stamps, and only where one is old does it knock, on a thread of the probe pool,
 * one knock per member at a time.
 */
final class HangMonitor {
    private static final int MISSED_SIGNS = 3;
    private static final Duration SIGN = Duration.ofSeconds(2);
    private static final long TICK_MILLIS = 1000;

    private final SocketRegistry sockets;
    private final ExecutorService knocks;
    private final Supplier<Duration> threshold;
    private final BiConsumer<HostPort, String> silent;
    private final Map<HostPort, Integer> missed = new ConcurrentHashMap<>();
    private final Set<HostPort> knocking = ConcurrentHashMap.newKeySet();

    HangMonitor(
            SocketRegistry sockets,
            ExecutorService knocks,
            Supplier<Duration> threshold,
            BiConsumer<HostPort, String> silent) {
        this.sockets = sockets;
        this.knocks = knocks;
        this.threshold = threshold;
        this.silent = silent;
    }

    void start(ScheduledExecutorService timer) {
        timer.scheduleWithFixedDelay(this::look, TICK_MILLIS, TICK_MILLIS, TimeUnit.MILLISECONDS);
    }

    private void look() {
        Duration limit = threshold.get();
        if (limit.isZero()) {
            return;
        }
        Set<HostPort> waitedFor = sockets.waitedForLongerThan(limit.toNanos());
        // Whoever answered its caller meanwhile starts with a clean record.
        missed.keySet().retainAll(waitedFor);
        for (HostPort member : waitedFor) {
            if (knocking.add(member)) {
                knocks.execute(() -> knock(member));
            }
        }
    }

    private void knock(HostPort member) {
        try {
            String silence = Knock.at(member, SIGN);
            if (silence == null) {
                missed.remove(member);
            } else if (missed.merge(member, 1, Integer::sum) >= MISSED_SIGNS) {
                missed.remove(member);
                silent.accept(member, silence);
            }
        } finally {
            knocking.remove(member);
        }
    }
}
