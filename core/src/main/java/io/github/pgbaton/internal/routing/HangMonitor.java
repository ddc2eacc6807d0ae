package io.github.pgbaton.internal.routing;

import io.github.pgbaton.internal.probe.Knock;
import io.github.pgbaton.internal.socket.RawSocket;
import io.github.pgbaton.internal.socket.Retransmissions;
import io.github.pgbaton.internal.socket.SocketRegistry;
import io.github.pgbaton.internal.socket.Threads;
import io.github.pgbaton.topology.HostPort;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds members that have fallen silent while calls wait for them, and reports each only after several signs of life in a
 * row were missing; a call that merely takes long is never touched.
 *
 * <p>It catches what no leader key tells and no socket error ends: a network cut between this client and a member that is
 * still the leader. Where a firewall forgot one connection alone, a knock is answered, for it is a new one: what a call
 * sent there is then never acknowledged, which {@link LostConnections} finds; where nothing is on its way, the kernel's
 * keepalive probes do, which begin as early as the knocks. It costs a call nothing but a time stamp around
 * its socket read: once a second the tracker's timer looks at the stamps, and only where one is old does it knock, on a
 * thread of its own, one knock per member at a time. A member is an IP address here: of a name's several, one may be silent
 * and the others at work.
 */
final class HangMonitor {
    private static final Logger LOG = LoggerFactory.getLogger(HangMonitor.class);
    private static final int MISSED_SIGNS = 3;
    private static final Duration SIGN = Duration.ofSeconds(2);
    private static final long TICK_MILLIS = 1000;
    private static final Duration LONGEST_REST = Duration.ofSeconds(30);
    private static final int KNOCKS = 4;

    private final SocketRegistry sockets;
    private final ThreadPoolExecutor threads;
    private final OnePerMember knocks;
    private final Supplier<Duration> threshold;
    private final BiConsumer<HostPort, String> silent;
    private final BiConsumer<HostPort, Set<RawSocket>> lost;
    private final LostConnections<RawSocket> connections = new LostConnections<>();
    /** A member that answered is left in peace for a while, twice as long each time: its log shows every knock. */
    private record Rest(long until, Duration length) {
        static Rest first(Duration length) {
            return of(length);
        }

        Rest longer() {
            Duration twice = length.multipliedBy(2);
            return of(twice.compareTo(LONGEST_REST) < 0 ? twice : LONGEST_REST);
        }

        private static Rest of(Duration length) {
            return new Rest(System.nanoTime() + length.toNanos(), length);
        }
    }

    private final Map<HostPort, Rest> rests = new ConcurrentHashMap<>();
    private final Map<HostPort, Integer> missed = new ConcurrentHashMap<>();

    HangMonitor(
            SocketRegistry sockets,
            String cluster,
            Supplier<Duration> threshold,
            BiConsumer<HostPort, String> silent,
            BiConsumer<HostPort, Set<RawSocket>> lost) {
        this.sockets = sockets;
        this.threads = Threads.shortLived("pgbaton-knock-" + cluster, KNOCKS);
        this.knocks = new OnePerMember(threads);
        // Never on the timer's thread, which other deadlines depend on: a knock too many waits for the next look.
        threads.setRejectedExecutionHandler(new ThreadPoolExecutor.AbortPolicy());
        this.threshold = threshold;
        this.silent = silent;
        this.lost = lost;
    }

    void start(ScheduledExecutorService timer) {
        timer.scheduleWithFixedDelay(this::lookAgain, TICK_MILLIS, TICK_MILLIS, TimeUnit.MILLISECONDS);
    }

    void close() {
        Threads.end(threads);
    }

    /** A look that fails, as where no thread can be had, must not be the last: the timer ends what throws. */
    private void lookAgain() {
        try {
            look();
        } catch (RuntimeException | Error e) {
            LOG.warn("looking for members that have fallen silent failed; it is tried again", e);
        }
    }

    private void look() {
        Duration limit = threshold.get();
        if (limit.isZero()) {
            return;
        }
        Set<HostPort> waitedFor = sockets.waitedForLongerThan(limit.toNanos());
        // Whoever answered its caller meanwhile starts with a clean record.
        missed.keySet().retainAll(waitedFor);
        rests.keySet().retainAll(waitedFor);
        connections.retain(waitedFor);
        for (HostPort member : waitedFor) {
            Rest rest = rests.get(member);
            if (rest == null || rest.until - System.nanoTime() <= 0) {
                // Where there is no thread for it now, the next look tries again.
                knocks.ask(member, () -> knock(member, limit), answered -> {});
            }
        }
    }

    private boolean knock(HostPort member, Duration limit) {
        String silence = Knock.at(member, SIGN);
        if (silence == null) {
            missed.remove(member);
            answered(member, limit);
        } else if (missed.merge(member, 1, Integer::sum) >= MISSED_SIGNS) {
            missed.remove(member);
            silent.accept(member, silence);
        }
        return silence == null;
    }

    private void answered(HostPort member, Duration limit) {
        List<RawSocket> waiting = sockets.waitedForLongerThan(member, limit.toNanos());
        Retransmissions table = Retransmissions.now();
        LostConnections.Finding<RawSocket> found = connections.look(
                member,
                waiting.stream().collect(Collectors.toMap(Function.identity(), one -> one.retransmissions(table))));
        if (!found.lost().isEmpty()) {
            lost.accept(member, found.lost());
        }
        // While a connection is in doubt it is looked at each second, every time after another sign of life.
        if (!found.doubtful()) {
            rests.merge(member, Rest.first(limit), (old, first) -> old.longer());
        }
    }
}
