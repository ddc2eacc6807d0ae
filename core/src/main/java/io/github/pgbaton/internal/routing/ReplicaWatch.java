package io.github.pgbaton.internal.routing;

import io.github.pgbaton.config.ConnectionSpec;
import io.github.pgbaton.internal.probe.Progress;
import io.github.pgbaton.internal.socket.Threads;
import io.github.pgbaton.topology.HostPort;
import io.github.pgbaton.topology.Member;
import io.github.pgbaton.topology.Role;
import io.github.pgbaton.topology.Topology;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks every member once a second how far it is in the WAL, while somebody has connections to replicas and a little longer;
 * it never blocks whoever reads what it found.
 *
 * <p>The members are asked over SQL and not Patroni: Patroni tells a lag once per {@code loop_wait}, and before version 4.1
 * that of what was received, under which a paused replay looks like none. One session per member is kept for it.
 *
 * <p>Its lock guards the looks and the boards. It is held over the judging of a few members, never over I/O, and no other
 * lock is taken under it.
 */
final class ReplicaWatch {
    private static final Logger LOG = LoggerFactory.getLogger("io.github.pgbaton.failover");

    private static final long TICK_MILLIS = 1000;
    private static final long LINGER_NANOS = TimeUnit.SECONDS.toNanos(5);
    private static final int THREADS = 8;

    private final LeaderTracker tracker;
    private final ThreadPoolExecutor pool;
    private final LookSessions sessions;
    private final OnePerMember looking;
    private final ConnectQueue connects;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition news = lock.newCondition();
    private final Map<ReplicaBoard.Criteria, ReplicaBoard> boards = new HashMap<>();
    private final Map<HostPort, ReplicaLook> looks = new HashMap<>();
    private @Nullable Future<?> ticks;
    private long unusedSince;
    private volatile @Nullable HostPort primary;
    private @Nullable String primarySystem;
    private int primaryTimeline;
    private long primaryPosition = -1;

    ReplicaWatch(LeaderTracker tracker) {
        this(tracker, Threads.shortLived("pgbaton-replicas-" + tracker.name(), THREADS));
    }

    ReplicaWatch(LeaderTracker tracker, ThreadPoolExecutor pool) {
        this.tracker = tracker;
        this.connects = new ConnectQueue(tracker.config().connectLimit());
        this.sessions = new LookSessions(tracker);
        this.pool = pool;
        this.looking = new OnePerMember(pool);
        // Never on the timer's thread, which other deadlines depend on: a look too many waits for the next tick.
        this.pool.setRejectedExecutionHandler(new ThreadPoolExecutor.AbortPolicy());
    }

    /** How many sessions this JVM opens to replicas at once. */
    ConnectQueue connects() {
        return connects;
    }

    Set<HostPort> addresses() {
        return members().keySet();
    }

    /** Whether the last look at a member told something. */
    boolean answers(HostPort member) {
        lock.lock();
        try {
            ReplicaLook look = looks.get(member);
            return look != null && look.failure() == null;
        } finally {
            lock.unlock();
        }
    }

    ReplicaBoard board(ReplicaBoard.Criteria criteria) {
        lock.lock();
        try {
            return boards.computeIfAbsent(criteria, ReplicaBoard::new);
        } finally {
            lock.unlock();
        }
    }

    /** Somebody has, or wants, a connection to a replica, and his credentials may be used until he releases it. */
    void retain(Object asker, ConnectionSpec spec) {
        sessions.retain(asker, spec);
        lock.lock();
        try {
            unusedSince = 0;
            if (ticks == null) {
                ticks = tracker.timer().scheduleWithFixedDelay(this::tick, 0, TICK_MILLIS, TimeUnit.MILLISECONDS);
            }
        } catch (RejectedExecutionException e) {
            // Closed meanwhile: nobody connects any more.
        } finally {
            lock.unlock();
        }
        refresh();
    }

    void release(Object asker) {
        sessions.release(asker);
    }

    /** Whose credentials open the sessions that are missing; they work, as far as is known. */
    void speak(ConnectionSpec spec) {
        sessions.speak(spec);
        tick();
    }

    /** One that fails, as where no thread can be had, must not be the last: the timer ends what throws. */
    private void tick() {
        try {
            if (!unused()) {
                Set<HostPort> now = members().keySet();
                forgetAllBut(now);
                now.forEach(this::look);
            }
        } catch (RuntimeException | Error e) {
            LOG.warn("{}: looking at the replicas failed; it is tried again", tracker.name(), e);
        }
    }

    /** One that has left the cluster would keep its session, and count among those who answer. */
    private void forgetAllBut(Set<HostPort> now) {
        lock.lock();
        try {
            looks.keySet().retainAll(now);
        } finally {
            lock.unlock();
        }
        sessions.retainOnly(now);
    }

    /** A pool that refills must not begin anew: the watch ends only after some seconds without anybody. */
    private boolean unused() {
        lock.lock();
        try {
            if (sessions.wanted()) {
                unusedSince = 0;
                return false;
            }
            long now = System.nanoTime();
            if (unusedSince == 0) {
                unusedSince = now;
            }
            if (now - unusedSince < LINGER_NANOS) {
                return false;
            }
            if (ticks != null) {
                ticks.cancel(false);
                ticks = null;
            }
            looks.clear();
            primary = null;
            primaryPosition = -1;
        } finally {
            lock.unlock();
        }
        sessions.end();
        return true;
    }

    private void look(HostPort member) {
        looking.ask(member, () -> lookAt(member), look -> note(member, look));
    }

    private ReplicaLook lookAt(HostPort member) {
        try {
            return ReplicaLook.at(sessions.ask(member));
        } catch (Exception | Error e) {
            if (e instanceof InterruptedException) {
                Thread.currentThread().interrupt();
            }
            // Whatever it is: the look before this one must not count for ever.
            return ReplicaLook.failed(Attempts.failure(e));
        }
    }

    private void note(HostPort member, ReplicaLook look) {
        lock.lock();
        try {
            Progress progress = look.progress();
            if (progress != null && look.isPrimary() && leads(progress)) {
                primarySystem = progress.systemIdentifier();
                primary = member;
                primaryTimeline = progress.timeline();
                primaryPosition = progress.position();
                looks.replaceAll((address, other) -> other.behind(primaryPosition));
            } else if (member.equals(primary) && !look.isPrimary()) {
                primary = null;
            }
            if (primary == null && progress != null && primaryPosition >= 0 && follows(member, progress)) {
                // The primary cannot be asked and may go on: what it has sent to anybody tells how far it is at least.
                primaryPosition = Math.max(primaryPosition, progress.received());
            }
            looks.put(member, primaryPosition < 0 ? look : look.behind(primaryPosition));
        } finally {
            lock.unlock();
        }
        refresh();
    }

    /** A zombie of the same cluster writes an older timeline than the primary. */
    private boolean leads(Progress progress) {
        return progress.timeline() >= primaryTimeline || !Objects.equals(progress.systemIdentifier(), primarySystem);
    }

    /** One that strayed onto a timeline of its own has received what no primary has. */
    private boolean follows(HostPort member, Progress progress) {
        Member told = members().get(member);
        int own = Math.max(progress.timeline(), told == null ? 0 : told.timeline());
        return progress.inRecovery()
                && own == primaryTimeline
                && Objects.equals(progress.systemIdentifier(), primarySystem);
    }

    /** A session to a replica broke, or its member is not what it was: no session goes there until it has answered. */
    void suspect(HostPort member) {
        lock.lock();
        try {
            looks.remove(member);
        } finally {
            lock.unlock();
        }
        refresh();
        look(member);
    }

    /** Judges everybody anew; on any thread, and never under another lock. */
    void refresh() {
        List<String> lines = new ArrayList<>();
        boolean changed = false;
        lock.lock();
        try {
            ReplicaBoard.Facts facts = facts();
            for (ReplicaBoard board : boards.values()) {
                List<String> told = board.update(facts);
                changed |= told != null;
                // Two boards mostly say the same.
                if (told != null && lines.isEmpty()) {
                    lines.addAll(told);
                }
            }
            if (changed) {
                news.signalAll();
            }
        } finally {
            lock.unlock();
        }
        lines.forEach(line -> LOG.info("{}: the replica {}", tracker.name(), line));
        if (changed) {
            // Whoever waits for a primary because no replica was fit.
            tracker.wakeForPrimary();
        }
    }

    private ReplicaBoard.Facts facts() {
        Route route = tracker.route();
        Topology topology = route.topology();
        Map<HostPort, Member> members = members();
        Map<HostPort, ReplicaLook> known = new HashMap<>(looks);
        known.keySet().retainAll(members.keySet());
        if (primaryPosition < 0 && known.keySet().containsAll(members.keySet())) {
            // Nobody says that he is the primary: who has received the most tells how far it was.
            long most = known.values().stream()
                    .mapToLong(look ->
                            look.progress() == null ? -1 : look.progress().received())
                    .max()
                    .orElse(-1);
            if (most >= 0) {
                known.replaceAll((address, look) -> look.behind(most));
            }
        }
        HostPort leader = leads(route) ? route.address() : null;
        String system = topology.systemIdentifier();
        if (system == null) {
            system = tracker.fence().verifiedSystem();
        }
        return new ReplicaBoard.Facts(
                route,
                members,
                known,
                leader == null ? Set.of() : tracker.aliases().of(leader),
                Math.max(primaryTimeline, topology.term() > 0 ? topology.timeline() : 0),
                system);
    }

    /** Without a source that speaks, who leads is what the looks tell. */
    private boolean leads(Route route) {
        return tracker.hasSource() && route.held() && route.silence() == null && !route.asked();
    }

    /** Everybody there is: the source's members while it knows any, and the URL's. */
    private Map<HostPort, Member> members() {
        Map<HostPort, Member> members = new LinkedHashMap<>();
        for (Member member : tracker.route().topology().members().values()) {
            members.put(member.address(), member);
        }
        if (members.isEmpty()) {
            for (HostPort seed : tracker.everybody()) {
                members.put(seed, new Member(seed.toString(), seed, Role.OTHER, ""));
            }
        }
        return members;
    }

    /** Who says himself that he is the primary, and is the newest that does; null while nobody does. */
    @Nullable
    HostPort primary() {
        return primary;
    }

    /** Why members are not fit, for a message. */
    String unfit(ReplicaBoard board) {
        lock.lock();
        try {
            Map<HostPort, Member> members = members();
            StringBuilder text = new StringBuilder();
            board.unfit().forEach((address, reason) -> {
                Member member = members.get(address);
                String name = member == null || member.name().equals(address.toString()) ? null : member.name();
                text.append(text.isEmpty() ? "" : "; ")
                        .append(name == null ? address : name + " (" + address + ")")
                        .append(' ')
                        .append(reason);
            });
            return text.isEmpty() ? "no member is known" : text.toString();
        } finally {
            lock.unlock();
        }
    }

    /**
     * What the last look at a member failed with, if every look did, a failure that no waiting mends before any other; null where
     * one of them told something.
     */
    @Nullable
    SQLException whyNobodyAnswers() {
        lock.lock();
        try {
            SQLException any = null;
            for (ReplicaLook look : looks.values()) {
                if (look.failure() == null) {
                    return null;
                }
                any = any != null && ReplicaConnector.isHopeless(any) ? any : look.failure();
            }
            return any;
        } finally {
            lock.unlock();
        }
    }

    /** Waits until the board has another view, nobody wants it any more, or the time is up. */
    void awaitNews(ReplicaBoard board, ReplicaView seen, long nanos, BooleanSupplier abandoned)
            throws InterruptedException {
        lock.lockInterruptibly();
        try {
            long left = nanos;
            while (board.view() == seen && !tracker.isClosed() && left > 0 && !abandoned.getAsBoolean()) {
                left = news.awaitNanos(left);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Waits, whatever happens meanwhile, unless nobody wants it any more. */
    void rest(long nanos, BooleanSupplier abandoned) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            long left = nanos;
            while (!tracker.isClosed() && left > 0 && !abandoned.getAsBoolean()) {
                left = news.awaitNanos(left);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Wakes whoever waits, for one of them has been given up. */
    void wake() {
        lock.lock();
        try {
            news.signalAll();
        } finally {
            lock.unlock();
        }
        connects.wake();
    }

    /** The sockets are the tracker's to close. */
    void close() {
        wake();
        Threads.end(pool);
    }
}
