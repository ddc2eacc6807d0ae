package io.github.pgbaton.internal.routing;

import io.github.pgbaton.config.BatonConfig;
import io.github.pgbaton.dcs.LeaderSource;
import io.github.pgbaton.internal.probe.Deadline;
import io.github.pgbaton.internal.probe.SessionOpener;
import io.github.pgbaton.internal.socket.NameLookUps;
import io.github.pgbaton.internal.socket.SocketRegistry;
import io.github.pgbaton.internal.socket.Threads;
import io.github.pgbaton.topology.ClusterState;
import io.github.pgbaton.topology.HostPort;
import io.github.pgbaton.topology.Member;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * All that this JVM knows of one cluster's primary, put together of its parts; with {@link #close} every thread and every
 * socket of theirs ends.
 *
 * <p>What a source says goes to {@link SourceNews}, what members show to {@link MemberNews}; both change the
 * {@link CurrentRoute}, which everybody reads.
 */
final class LeaderTracker {
    private static final int PROBE_THREADS = 16;

    private final String name;
    private final BatonConfig config;
    private final @Nullable LeaderSource source;
    private final SocketRegistry sockets;
    private final ScheduledThreadPoolExecutor timer;
    private final ThreadPoolExecutor probes;
    private final Looks looks;
    private final NameLookUps names;
    private final SessionOpener opener;
    private final EventQueue events;
    private final FailoverLog log;
    private final CurrentRoute current;
    private final ProberSeat prober;
    private final Confirmation confirmation;
    private final AnnouncedSwitchover switchover;
    private final MemberNews memberNews;
    private final @Nullable SourceNews sourceNews;
    private final HangMonitor hangs;
    private final Fence fence = new Fence();
    private final Aliases aliases = new Aliases();
    private final Succession succession = new Succession();
    private final Replicas replicas = new Replicas(this);
    private final OnePerMember polls;
    private final ConcurrentMap<String, Object> shared = new ConcurrentHashMap<>();

    LeaderTracker(BatonConfig config, @Nullable LeaderSource source) {
        this.config = config;
        this.source = source;
        this.name = nameOf(config);
        this.events = new EventQueue(name);
        this.log = new FailoverLog(name, events);
        this.sockets = new SocketRegistry(name, this::hangThreshold);
        this.timer = Threads.timer("pgbaton-timer-" + name);
        this.probes = Threads.shortLived("pgbaton-probe-" + name, PROBE_THREADS);
        this.polls = new OnePerMember(probes);
        this.looks = new Looks(name);
        this.names = new NameLookUps(name);
        this.opener = new SessionOpener(sockets, names, timer, config.handshakeTimeout());
        this.current = new CurrentRoute(sockets, log, config.connectLimit());
        this.prober = new ProberSeat(current, EpochProof.longestStep(config));
        this.confirmation = new Confirmation(current, timer, log, looks::atAll, source != null);
        this.switchover = new AnnouncedSwitchover(current, timer, log, config.switchoverHold());
        this.memberNews =
                new MemberNews(current, confirmation, fence, aliases, succession, replicas, sockets, log, source);
        this.hangs = new HangMonitor(sockets, name, this::hangThreshold, memberNews::silent, memberNews::lost);
        this.sourceNews = source == null
                ? null
                : new SourceNews(
                        name, source, current, confirmation, switchover, aliases, replicas, log, config.memberMap());
    }

    /** Follows the source from now on; before this no thread runs, and whoever called it calls {@link #close} too. */
    void start() {
        hangs.start(timer);
        if (source != null && sourceNews != null) {
            source.start(sourceNews);
        }
    }

    private Duration hangThreshold() {
        Duration own = config.hangThreshold();
        return own != null ? own : route().topology().settings().ttl().dividedBy(3);
    }

    private static String nameOf(BatonConfig config) {
        String scope = config.scope();
        if (scope != null) {
            return config.namespace() + "/" + scope;
        }
        return config.seeds().isEmpty() ? "cluster" : config.seeds().get(0).toString();
    }

    /** For log lines, messages and thread names. */
    String name() {
        return name;
    }

    BatonConfig config() {
        return config;
    }

    SocketRegistry sockets() {
        return sockets;
    }

    ScheduledThreadPoolExecutor timer() {
        return timer;
    }

    ExecutorService probes() {
        return probes;
    }

    SessionOpener opener() {
        return opener;
    }

    /** What is looked at while no caller waits for it. */
    Looks looks() {
        return looks;
    }

    EventQueue events() {
        return events;
    }

    CurrentRoute current() {
        return current;
    }

    Route route() {
        return current.now();
    }

    /** One thread of the JVM at a time asks an unproven leader, or the members. */
    ProberSeat prober() {
        return prober;
    }

    Confirmation confirmation() {
        return confirmation;
    }

    MemberNews memberNews() {
        return memberNews;
    }

    Fence fence() {
        return fence;
    }

    Aliases aliases() {
        return aliases;
    }

    Succession succession() {
        return succession;
    }

    /** Knows which members take reads; made for the first who wants to know. */
    ReplicaWatch replicas() {
        return replicas.watch();
    }

    /** Members that owe an answer to a question of any caller: one that is stuck takes one thread, and not one of each. */
    OnePerMember polls() {
        return polls;
    }

    ConcurrentMap<String, Object> shared() {
        return shared;
    }

    boolean hasSource() {
        return source != null;
    }

    /** How long one member may take to be opened and to answer. */
    Duration longestAnswer() {
        return EpochProof.longestStep(config);
    }

    ClusterState state() {
        Route now = route();
        return new ClusterState(
                name,
                now.member(),
                now.address(),
                now.held(),
                now.verified(),
                log.timeline(),
                now.silence(),
                log.last());
    }

    /** Everybody who might be the primary: the URL's seeds and the members the source once named. */
    Set<HostPort> everybody() {
        Set<HostPort> all = new LinkedHashSet<>();
        Route now = route();
        if (now.address() != null) {
            all.add(now.address());
        }
        for (Member member : now.topology().members().values()) {
            addUnlessKnown(all, member.address());
        }
        config.seeds().forEach(seed -> addUnlessKnown(all, seed));
        return all;
    }

    private void addUnlessKnown(Set<HostPort> all, HostPort address) {
        if (all.stream().noneMatch(other -> aliases.same(other, address))) {
            all.add(address);
        }
    }

    /** Whether a new transaction should wait for an announced switchover; one volatile read while there is none. */
    boolean holds() {
        return switchover.holds();
    }

    /**
     * Waits until the announced switchover has brought another leader, was withdrawn, or has taken too long.
     *
     * @param strict whether it also waits for a source to confirm the leader, to the deadline
     */
    void awaitSwitchover(Deadline deadline, boolean strict, BooleanSupplier abandoned) throws InterruptedException {
        current.await(
                () -> strict && confirmation.missing(current.now())
                        ? deadline.leftNanos()
                        : Math.min(switchover.leftNanos(), deadline.leftNanos()),
                abandoned);
    }

    /** Wakes whoever waits, for one of them has been given up. */
    void wake() {
        wakeForPrimary();
        replicas.tell(ReplicaWatch::wake);
    }

    void wakeForPrimary() {
        current.wake();
        current.connects().wake();
        current.joins().wake();
    }

    /** Ends every thread and socket of the tracker. */
    void close() {
        current.end();
        // Before the source, whose own threads may take seconds to end: nobody is to use a session meanwhile.
        sockets.close();
        hangs.close();
        try {
            if (source != null) {
                source.close();
            }
        } finally {
            endThreads();
        }
    }

    private void endThreads() {
        replicas.tell(ReplicaWatch::close);
        events.close();
        Threads.end(probes);
        if (sourceNews != null) {
            sourceNews.close();
        }
        looks.close();
        names.close();
        wake();
        Threads.end(timer);
    }

    /** Whether nobody holds a reference any more; a thread that still waits for a primary gives up. */
    boolean isClosed() {
        return current.ended();
    }
}
