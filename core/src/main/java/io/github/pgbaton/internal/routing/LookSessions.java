package io.github.pgbaton.internal.routing;

import io.github.pgbaton.config.ConnectionSpec;
import io.github.pgbaton.internal.probe.Deadline;
import io.github.pgbaton.internal.probe.OpenSession;
import io.github.pgbaton.internal.probe.Progress;
import io.github.pgbaton.internal.socket.RawSocket;
import io.github.pgbaton.topology.HostPort;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The sessions over which the members are looked at, at most one per member, opened with the credentials of somebody who has
 * connections to replicas; one that fails to answer is not kept.
 *
 * <p>Thread-safe without a lock; a member is asked by one thread at a time, see {@link OnePerMember}.
 */
final class LookSessions {
    /** An answer that takes longer comes from a member that hangs. */
    private static final int ANSWER_MILLIS = 2000;

    private static final Executor DIRECT = Runnable::run;

    private final LeaderTracker tracker;
    private final ConcurrentMap<Object, ConnectionSpec> askers = new ConcurrentHashMap<>();
    private final ConcurrentMap<HostPort, OpenSession> sessions = new ConcurrentHashMap<>();
    /** How often in a row nobody was let in. */
    private final ConcurrentMap<HostPort, Integer> failures = new ConcurrentHashMap<>();
    /** Who was let in last. */
    private volatile @Nullable ConnectionSpec speaker;

    LookSessions(LeaderTracker tracker) {
        this.tracker = tracker;
    }

    /** Somebody's credentials may be used until he releases them. */
    void retain(Object asker, ConnectionSpec spec) {
        askers.put(asker, spec);
    }

    void release(Object asker) {
        askers.remove(asker);
    }

    boolean wanted() {
        return !askers.isEmpty();
    }

    /** Whose credentials open the sessions that are missing; they work, as far as is known. */
    void speak(ConnectionSpec spec) {
        speaker = spec;
        failures.clear();
    }

    /** One that has left the cluster would keep its session. */
    void retainOnly(Set<HostPort> members) {
        failures.keySet().retainAll(members);
        sessions.keySet().stream().filter(member -> !members.contains(member)).forEach(this::drop);
    }

    /** Nobody wants to know any more. */
    void end() {
        speaker = null;
        failures.clear();
        sessions.keySet().forEach(this::drop);
    }

    Progress ask(HostPort member) throws SQLException, InterruptedException {
        OpenSession known = sessions.get(member);
        if (known != null && !known.socket().aborted()) {
            long begun = System.nanoTime();
            try {
                return Progress.ask(known.connection());
            } catch (SQLException e) {
                drop(member);
                if (System.nanoTime() - begun > TimeUnit.MILLISECONDS.toNanos(ANSWER_MILLIS) * 9 / 10) {
                    // It hangs, and a new session would hang for longer.
                    throw e;
                }
            }
        }
        drop(member);
        ConnectionSpec spec = speaker(member);
        OpenSession fresh;
        try {
            fresh = tracker.opener()
                    .open(member, spec, Deadline.in(tracker.longestAnswer()), RawSocket.Purpose.REPLICA);
        } catch (SQLException e) {
            // Another one's credentials may be better.
            failures.merge(member, 1, Integer::sum);
            throw e;
        }
        failures.remove(member);
        speaker = spec;
        tracker.aliases().learn(fresh);
        sessions.put(member, fresh);
        if (tracker.isClosed()) {
            drop(member);
        }
        fresh.connection().setNetworkTimeout(DIRECT, ANSWER_MILLIS);
        return ReplicaLook.first(fresh.connection());
    }

    /** Whoever was let in last, and after a failure at this member all the others in turn. */
    private ConnectionSpec speaker(HostPort member) throws SQLException {
        Map<Object, ConnectionSpec> distinct = new LinkedHashMap<>();
        ConnectionSpec last = speaker;
        if (last != null) {
            distinct.put(credentials(last), last);
        }
        askers.values().forEach(spec -> distinct.putIfAbsent(credentials(spec), spec));
        if (distinct.isEmpty()) {
            throw new SQLException("nobody has connections to replicas any more", "08003");
        }
        List<ConnectionSpec> all = List.copyOf(distinct.values());
        return all.get(failures.getOrDefault(member, 0) % all.size());
    }

    private static Object credentials(ConnectionSpec spec) {
        return Arrays.asList(spec.database(), spec.pgProperties());
    }

    private void drop(HostPort member) {
        OpenSession session = sessions.remove(member);
        if (session != null) {
            session.discard(tracker.sockets());
        }
    }
}
