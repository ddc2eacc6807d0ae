package io.github.pgbaton.internal.routing;

import io.github.pgbaton.config.BatonConfig;
import io.github.pgbaton.dcs.LeaderSource;
import io.github.pgbaton.internal.probe.Deadline;
import io.github.pgbaton.internal.probe.SessionOpener;
import io.github.pgbaton.internal.probe.Standing;
import io.github.pgbaton.internal.socket.RawSocket;
import io.github.pgbaton.internal.socket.SocketRegistry;
import io.github.pgbaton.internal.socket.Threads;
import io.github.pgbaton.topology.ClusterState;
import io.github.pgbaton.topology.HostPort;
import io.github.pgbaton.topology.Leader;
import io.github.pgbaton.topology.Member;
import io.github.pgbaton.topology.Topology;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Knows where one cluster's primary is and breaks the sockets to every other member when that changes; its route only
 * ever moves to a newer epoch.
 *
 * <p>Thread-safe. Its one lock guards the route and is held for a few assignments, never over I/O: it is taken by the
 * source's thread when something changed and by threads that have no session, never on the path of a call that has one.
 */
final class LeaderTracker implements LeaderSource.Listener {
    private static final int PROBE_THREADS = 16;
    private static final long MILLI = TimeUnit.MILLISECONDS.toNanos(1);

    private final String name;
    private final BatonConfig config;
    private final @Nullable LeaderSource source;
    private final SocketRegistry sockets;
    private final ScheduledThreadPoolExecutor timer;
    private final ExecutorService probes;
    private final ScheduledThreadPoolExecutor names;
    private final Looks looks;
    private final SessionOpener opener;
    private final Fence fence = new Fence();
    private final Aliases aliases = new Aliases();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final EventQueue events;
    private final FailoverLog log;
    private volatile Route route = Route.NONE;
    private final ProberSeat prober;
    private final ProofClock proof = new ProofClock();
    private boolean watchingProof;
    private final Set<HostPort> owing = ConcurrentHashMap.newKeySet();
    private volatile ConnectQueue connects;
    private final SwitchoverHold hold;
    private final HangMonitor hangs;
    private final Succession succession = new Succession();
    private final ConcurrentMap<String, Object> shared = new ConcurrentHashMap<>();
    /** Null while no session was asked anything. */
    private volatile @Nullable Rehearsal rehearsal;
    /** Of those that have connections to replicas; null while nobody does. */
    private volatile @Nullable ReplicaWatch replicas;

    private volatile boolean closed;

    LeaderTracker(BatonConfig config, @Nullable LeaderSource source) {
        this.config = config;
        this.source = source;
        this.name = nameOf(config);
        this.events = new EventQueue(name);
        this.log = new FailoverLog(name, events);
        this.sockets = new SocketRegistry(name);
        this.hold = new SwitchoverHold(config.switchoverHold());
        this.connects = new ConnectQueue(config.connectLimit());
        this.prober = new ProberSeat(PrimaryConnector.longestStep(config));
        this.timer = Threads.timer("pgbaton-timer-" + name);
        this.probes = Threads.shortLived("pgbaton-probe-" + name, PROBE_THREADS);
        // One for the look-ups of the source's news; never the source's own thread, however busy the pool.
        this.names = Threads.timer("pgbaton-names-" + name);
        names.setKeepAliveTime(1, TimeUnit.SECONDS);
        names.allowCoreThreadTimeOut(true);
        this.looks = new Looks(name);
        this.opener = new SessionOpener(sockets, timer, config.handshakeTimeout());
        this.hangs = new HangMonitor(sockets, name, this::hangThreshold, this::silent);
        hangs.start(timer);
        if (source != null) {
            source.start(this);
        }
    }

    private Duration hangThreshold() {
        Duration own = config.hangThreshold();
        return own != null ? own : route.topology().settings().ttl().dividedBy(3);
    }

    /** A member that calls wait for gives no sign of life: nobody waits for it any longer, leader or not. */
    private void silent(HostPort member, String why) {
        List<RawSocket> condemned;
        lock.lock();
        try {
            condemned = sockets.condemnAll(member);
            if (member.equals(route.address())) {
                log.started(member + " gives no sign of life (" + why + ") while calls wait for it");
                log.aborting(condemned.size());
                route = route.withVerified(false);
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
        sockets.abort(condemned);
        log.flush();
        ReplicaWatch watch = replicas;
        if (watch != null) {
            watch.suspect(member);
        }
        if (source != null) {
            source.suspect();
        }
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

    Succession succession() {
        return succession;
    }

    EventQueue events() {
        return events;
    }

    Fence fence() {
        return fence;
    }

    Aliases aliases() {
        return aliases;
    }

    Route route() {
        return route;
    }

    ClusterState state() {
        Route now = route;
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

    /** Knows which members take reads; made for the first who wants to know. */
    ReplicaWatch replicas() {
        lock.lock();
        try {
            ReplicaWatch made = replicas;
            if (made == null) {
                made = new ReplicaWatch(this);
                replicas = made;
            }
            return made;
        } finally {
            lock.unlock();
        }
    }

    /** Whoever leads takes no reads for replicas, from now on; not under the lock. */
    private void judgeReplicas() {
        ReplicaWatch watch = replicas;
        if (watch != null) {
            watch.refresh();
        }
    }

    @Nullable
    Rehearsal rehearsal() {
        return rehearsal;
    }

    void rehearsal(Rehearsal first) {
        rehearsal = first;
    }

    ConcurrentMap<String, Object> shared() {
        return shared;
    }

    /** Why a session to this member is not on the primary of now, null where it is. */
    @Nullable
    String refusal(HostPort address, Standing standing) {
        if (!standing.writable()) {
            return standing.inRecovery() ? "is in recovery" : "takes no writes";
        }
        if (standing.systemIdentifier() == null || standing.timeline() <= 0) {
            return "may not be asked for its timeline and its system identifier";
        }
        Route now = route;
        HostPort leader = now.address();
        boolean told = !mustAskMembers(now);
        if (told && (!now.held() || leader == null || !aliases.same(leader, address))) {
            return "does not hold the lock now";
        }
        return fence.refuse(standing, now.topology());
    }

    boolean hasSource() {
        return source != null;
    }

    /**
     * Whether the members themselves have to be asked: there is no source, or it cannot tell, or nobody has held the lock
     * for a whole ttl although a primary may be at work without it, as it may while Patroni is paused or failsafe.
     */
    boolean mustAskMembers(Route now) {
        return source == null || now.silence() != null || (!now.held() && mayWorkWithoutLock(now) && unproven(now));
    }

    private static boolean mayWorkWithoutLock(Route now) {
        return now.topology().settings().paused() || now.topology().settings().failsafe();
    }

    /** Whether no source has confirmed a leader for Patroni's ttl; one volatile read while one does. */
    boolean unproven(Route now) {
        return source != null && proof.expired(now.topology().settings().ttl());
    }

    /** Whether a connection that wants the leader confirmed by a source may begin nothing now. */
    boolean unconfirmed(Route now) {
        return unproven(now) || now.asked();
    }

    /** Everybody who might be the primary: the URL's seeds and the members the source once named. */
    Set<HostPort> everybody() {
        Set<HostPort> all = new LinkedHashSet<>();
        Route now = route;
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

    @Override
    public void published(Topology announced) {
        Topology snapshot = Dialled.of(announced, config.memberMap(), log::unmapped);
        List<RawSocket> condemned = List.of();
        HostPort compareLater = null;
        lock.lock();
        try {
            Route old = route;
            if (old.silence() != null && source != null) {
                log.heard(source.description());
            }
            Leader leader = snapshot.leader();
            Member member = snapshot.leaderMember().orElse(null);
            if (leader == null) {
                doubtProof();
            } else if (proof.confirm()) {
                log.provenAgain(leader.member());
            }
            if (leader == null || (member == null && !leader.member().equals(old.member()))) {
                // A leader whose member key is missing has no address to go to yet, and the old one leads no longer.
                if (old.held()) {
                    log.started(
                            leader == null
                                    ? "the leader key of " + old.leaderText() + " is gone"
                                    : "the lock went from " + old.leaderText() + " to " + leader.member()
                                            + ", whose address is not known yet");
                }
                route = old.lost(snapshot);
                if (leader != null && old.member() != null && !old.asked()) {
                    condemned = condemnAllBut(Set.of());
                }
            } else if (member == null) {
                route = old.withTopology(snapshot);
            } else if (old.held() && sameMember(old, member)) {
                route = old.confirmed(snapshot);
            } else {
                // First, so that a session which is being opened to the old leader is either found below or finds this.
                route = old.elected(member.name(), member.address(), snapshot);
                freshConnects();
                log.elected(member.name(), member.address());
                HostPort before = old.address();
                if (before != null && !aliases.same(before, member.address())) {
                    if (old.asked() && !before.equals(member.address())) {
                        compareLater = member.address();
                    } else {
                        log.started("the lock went from " + old.leaderText() + " to " + member.name() + " ("
                                + member.address() + ")");
                        condemned = condemnAllBut(aliases.of(member.address()));
                    }
                }
            }
            // Last: a transaction that is held back may go on only once its session is marked as the old leader's.
            boolean held = hold.announcedAndOpen();
            if (hold.update(old, snapshot)) {
                log.holding("a switchover of " + old.leaderText() + " is announced", config.switchoverHold());
                expireHoldLater();
            } else if (held && !hold.announcedAndOpen()) {
                log.holdEnded(hold.sinceAnnounced(), route.epoch() != old.epoch());
                if (hold.withdrawn(old, snapshot)) {
                    log.withdrawn("the announced switchover was withdrawn");
                }
            } else if (hold.withdrawn(old, snapshot)) {
                log.withdrawn("the announced switchover was withdrawn");
            }
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        sockets.abort(condemned);
        if (compareLater != null) {
            abortAllButResolved(compareLater);
        }
        log.flush();
        judgeReplicas();
    }

    /** The permits of an epoch are its own: an opening that is stuck at the old leader takes none from the new one. */
    private void freshConnects() {
        ConnectQueue old = connects;
        connects = new ConnectQueue(config.connectLimit());
        // Whoever waits in the old queue goes on at once, and finds that the route is another one.
        old.dissolve();
    }

    /** Nobody names a leader any more; under the lock. */
    private void doubtProof() {
        proof.doubt();
        if (!watchingProof) {
            watchingProof = watchProofIn(proof.left(route.topology().settings().ttl()));
        }
    }

    private boolean watchProofIn(long nanos) {
        try {
            timer.schedule(this::watchProof, Math.max(nanos, MILLI) + MILLI, TimeUnit.NANOSECONDS);
            return true;
        } catch (RejectedExecutionException e) {
            // Closed meanwhile: nobody connects any more.
            return false;
        }
    }

    /** A doubt has lasted for a ttl, or for one more: what PostgreSQL proved is old, and it is to prove it again. */
    private void watchProof() {
        boolean ask = false;
        lock.lock();
        try {
            Route now = route;
            Duration ttl = now.topology().settings().ttl();
            watchingProof = !proof.confirmed();
            if (watchingProof && !proof.expired(ttl)) {
                watchingProof = watchProofIn(proof.left(ttl));
            } else if (watchingProof) {
                ask = mustAskMembers(now);
                if (proof.tell()) {
                    log.unproven(ttl, now.silence(), now.leaderText(), ask);
                }
                route = now.withVerified(false);
                changed.signalAll();
                watchingProof = watchProofIn(ttl.toNanos());
            }
        } finally {
            lock.unlock();
        }
        log.flush();
        // Once in a ttl, so that sessions at work learn of a newer primary that no source tells them of.
        if (ask) {
            looks.atAll();
        }
    }

    private void expireHoldLater() {
        try {
            timer.schedule(this::holdExpired, config.switchoverHold().toMillis() + 1, TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException e) {
            // Closed meanwhile: nobody waits any more.
        }
    }

    /** The hold has lasted its longest, unless news ended it before. */
    private void holdExpired() {
        lock.lock();
        try {
            if (hold.expire()) {
                log.holdEnded(config.switchoverHold(), false);
            }
        } finally {
            lock.unlock();
        }
        log.flush();
    }

    /**
     * The members named the primary by an address of the URL, and now the source names it by its own: whether they are
     * the same only a name server may know, and it must not be asked on the source's thread.
     */
    private void abortAllButResolved(HostPort leader) {
        names.execute(() -> {
            Set<HostPort> all = aliases.resolve(leader);
            List<RawSocket> condemned = List.of();
            lock.lock();
            try {
                if (leader.equals(route.address())) {
                    condemned = condemnAllBut(all);
                }
            } finally {
                lock.unlock();
            }
            sockets.abort(condemned);
            log.flush();
        });
    }

    /** Under the lock, so that whoever it wakes finds the sessions marked; the closing follows without the lock. */
    private List<RawSocket> condemnAllBut(Set<HostPort> keep) {
        List<RawSocket> condemned = sockets.condemnAllBut(keep);
        log.aborting(condemned.size());
        return condemned;
    }

    /** Whether a new transaction should wait for an announced switchover; one volatile read while there is none. */
    boolean holds() {
        return hold.active();
    }

    /**
     * Waits until the announced switchover has brought another leader, was withdrawn, or has taken too long.
     *
     * @param strict whether it also waits for a source to confirm the leader, to the deadline
     */
    void awaitSwitchover(Deadline deadline, boolean strict, BooleanSupplier abandoned) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            while (!closed && !abandoned.getAsBoolean()) {
                long held = strict && unconfirmed(route) ? Long.MAX_VALUE : hold.leftNanos();
                long left = Math.min(held, deadline.leftNanos());
                if (left <= 0) {
                    return;
                }
                changed.awaitNanos(left);
            }
        } finally {
            lock.unlock();
        }
    }

    /** How long one member may take to be opened and to answer. */
    Duration longestAnswer() {
        return PrimaryConnector.longestStep(config);
    }

    /** Members that owe an answer to a question of any caller: one that is stuck takes one thread, and not one of each. */
    Set<HostPort> owing() {
        return owing;
    }

    /** What is looked at while no caller waits for it. */
    Looks looks() {
        return looks;
    }

    /** How many sessions are opened at once in this epoch, in the order in which they were asked for. */
    ConnectQueue connects() {
        return connects;
    }

    private static boolean sameMember(Route old, Member member) {
        return member.address().equals(old.address()) && member.name().equals(old.member());
    }

    @Override
    public void degraded(String reason) {
        lock.lock();
        try {
            log.silent(reason, route.address() == null ? null : route.leaderText());
            route = route.silent(reason);
            doubtProof();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        log.flush();
        judgeReplicas();
    }

    /** A session to a member broke: whoever connects next proves the primary anew, and the source looks again. */
    void suspect(HostPort address) {
        lock.lock();
        try {
            if (address.equals(route.address()) && route.verified()) {
                route = route.withVerified(false);
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
        if (source != null) {
            source.suspect();
        }
    }

    /** A member refuses writes that nobody made read-only: it is looked at, with the credentials of who was refused. */
    void refusedWrite(HostPort address, PrimaryConnector connector) {
        if (looks.at(address, connector)) {
            suspect(address);
        }
    }

    /** A member says itself that it is no primary, or one of the past: no session stays on it. */
    void shun(HostPort address, String why) {
        List<RawSocket> condemned;
        lock.lock();
        try {
            condemned = sockets.condemnPrimarys(aliases.of(address));
            if (!condemned.isEmpty()) {
                log.started(address + " is not the primary: " + why);
                log.aborting(condemned.size());
            }
            if (address.equals(route.address()) && route.verified()) {
                route = route.withVerified(false);
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
        sockets.abort(condemned);
        log.flush();
        if (source != null) {
            source.suspect();
        }
    }

    /** The leader of this route does not answer as a primary should. */
    void unreachable(Route seen, String why) {
        lock.lock();
        try {
            if (route.epoch() == seen.epoch() && fence.knowsAny()) {
                log.started(seen.leaderText() + " takes no connections: " + why);
            }
        } finally {
            lock.unlock();
        }
        log.flush();
        if (source != null) {
            source.suspect();
        }
    }

    /** PostgreSQL at the route's address has proven that it is the primary. */
    boolean verified(Route seen, Standing standing) {
        lock.lock();
        try {
            if (route.epoch() != seen.epoch() || route.held() != seen.held() || fenced(standing)) {
                return false;
            }
            fence.raise(standing);
            route = route.withVerified(true);
            log.ended(route, standing.timeline());
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        log.flush();
        succession.verified(standing.timeline());
        if (source != null) {
            source.trust();
        }
        return true;
    }

    /** A member that was asked directly has proven that it is the primary, while no source could tell. */
    boolean found(Route seen, HostPort address, Standing standing) {
        List<RawSocket> condemned = List.of();
        lock.lock();
        try {
            Route old = route;
            if (old.epoch() != seen.epoch() || !mustAskMembers(old) || fenced(standing)) {
                return false;
            }
            fence.raise(standing);
            Route next = address.equals(old.address()) ? old : old.found(nameAt(address), address);
            if (next != old) {
                freshConnects();
                log.elected(String.valueOf(next.member()), address);
            }
            route = next.withVerified(true);
            if (old.address() != null && !aliases.same(old.address(), address)) {
                log.started("the members say that " + address + " is the primary now, no longer " + old.leaderText());
                condemned = condemnAllBut(aliases.of(address));
            }
            log.ended(route, standing.timeline());
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        sockets.abort(condemned);
        log.flush();
        succession.verified(standing.timeline());
        judgeReplicas();
        return true;
    }

    private String nameAt(HostPort address) {
        String name = memberAt(address);
        return name == null ? address.toString() : name;
    }

    /** The name of the member that the source has at an address, null where it has none. */
    @Nullable
    String memberAt(HostPort address) {
        return route.topology().members().values().stream()
                .filter(member -> member.address().equals(address))
                .map(Member::name)
                .findFirst()
                .orElse(null);
    }

    /** Again under the lock: two probers may come to their answers at once. */
    private boolean fenced(Standing standing) {
        return fence.refuse(standing, route.topology()) != null;
    }

    /** One thread of the JVM at a time asks an unproven leader, or the members; null: somebody else is doing it. */
    ProberSeat.@Nullable Claim startProbing(Route seen, boolean asking) {
        lock.lock();
        try {
            return prober.take(seen, asking);
        } finally {
            lock.unlock();
        }
    }

    /** How long to wait for whoever asks the leader of this route, before it counts as stuck; 0 and less: nobody does. */
    long proberBusyNanos(Route seen) {
        lock.lock();
        try {
            return prober.busyNanos(seen, false);
        } finally {
            lock.unlock();
        }
    }

    void stopProbing(ProberSeat.Claim claim) {
        lock.lock();
        try {
            prober.leave(claim);
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Waits until the route is another one, nobody wants it any more, or the time is up. */
    void awaitChange(Route seen, long nanos, BooleanSupplier abandoned) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            long left = nanos;
            while (route == seen && !closed && left > 0 && !abandoned.getAsBoolean()) {
                left = changed.awaitNanos(left);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Waits until the route is another one or nobody probes any more, nobody wants it any more, or the time is up. */
    void awaitProbe(Route seen, boolean asking, long nanos, BooleanSupplier abandoned) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            long end = System.nanoTime() + nanos;
            while (route == seen && !closed && !abandoned.getAsBoolean()) {
                long left = Math.min(end - System.nanoTime(), prober.busyNanos(seen, asking));
                if (left <= 0) {
                    return;
                }
                changed.awaitNanos(left);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Wakes whoever waits, for one of them has been given up. */
    void wake() {
        wakeForPrimary();
        ReplicaWatch watch = replicas;
        if (watch != null) {
            watch.wake();
        }
    }

    void wakeForPrimary() {
        lock.lock();
        try {
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        connects.wake();
    }

    /** Ends every thread and socket of the tracker. */
    void close() {
        closed = true;
        if (source != null) {
            source.close();
        }
        sockets.close();
        hangs.close();
        ReplicaWatch watch = replicas;
        if (watch != null) {
            watch.close();
        }
        events.close();
        probes.shutdownNow();
        names.shutdownNow();
        looks.close();
        timer.shutdownNow();
        wake();
    }

    /** Whether nobody holds a reference any more; a thread that still waits for a primary gives up. */
    boolean isClosed() {
        return closed;
    }
}
