package io.github.pgbaton.internal.routing;

import io.github.pgbaton.topology.Leader;
import io.github.pgbaton.topology.Switchover;
import io.github.pgbaton.topology.Topology;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Holds new transactions back while an announced switchover is under way, once per announcement and for a bounded time.
 *
 * <p>A transaction that is open when the old primary stops is broken, one that waits starts on the new primary. Patroni
 * writes its {@code failover} key 130 ms and more before that (measured), looks at the other members, and then lets
 * PostgreSQL write a checkpoint, which takes 17 ms on an idle disk and much longer on a busy one. The beginning of that
 * checkpoint shows in etcd ({@link Switchover#begun}), and from there on nothing may begin. Changed under the route's
 * lock, read without it.
 */
final class SwitchoverHold {
    /**
     * How long transactions may still begin at the longest, for the case that its beginning shows late or not at all: etcd
     * tells it only once its own disk has it.
     */
    private static final Duration GRACE = Duration.ofMillis(150);

    private final Duration longest;
    private final Duration grace;

    /** In nanoTime, always odd; 0: nothing is held. */
    private volatile long until;

    /** In nanoTime; written before {@link #until}. */
    private volatile long from;

    private long announcedAt;
    private @Nullable Switchover announced;
    private @Nullable String leaderThen;

    SwitchoverHold(Duration longest) {
        this(longest, GRACE);
    }

    /** With another grace than production's. */
    SwitchoverHold(Duration longest, Duration grace) {
        this.longest = longest;
        this.grace = grace;
    }

    /** Takes a new snapshot; true: a switchover is newly announced and transactions are held from now on. */
    boolean update(Route before, Topology snapshot) {
        Switchover now = snapshot.switchover();
        if (now == null || !pending(now, snapshot.leader())) {
            until = 0;
            return false;
        }
        long instant = System.nanoTime();
        if (now.samePlan(announced) || !before.held() || longest.isZero()) {
            // The same one again: a switchover that never comes must not hold every transaction anew.
            if (now.begun() && from - instant > 0) {
                from = instant;
            }
            return false;
        }
        announced = now;
        leaderThen = before.member();
        announcedAt = instant;
        from = now.begun() ? instant : instant + grace.toNanos();
        until = (instant + longest.toNanos()) | 1;
        return true;
    }

    /** Whether the switchover that was announced is off, with the old leader still there; tells it once. */
    boolean withdrawn(Route before, Topology snapshot) {
        Leader leader = snapshot.leader();
        if (announced == null || until != 0 || snapshot.switchover() != null) {
            return false;
        }
        announced = null;
        // Not the leader of the last snapshot: Patroni empties its key only after the new leader has the lock.
        return before.held() && leader != null && leader.member().equals(leaderThen);
    }

    private static boolean pending(Switchover planned, @Nullable Leader leader) {
        return !planned.scheduled()
                && (leader == null
                        || ((planned.from() == null || planned.from().equals(leader.member()))
                                && !leader.member().equals(planned.to())));
    }

    /** Whether transactions are held, or would be but for the time that has passed; under the route's lock. */
    boolean announcedAndOpen() {
        return until != 0;
    }

    /**
     * How long the switchover that was announced last has held transactions back until now, its longest at most; zero where it
     * ended before any was held.
     */
    Duration held() {
        long sinceFrom = System.nanoTime() - from;
        long most = longest.toNanos() - (from - announcedAt);
        return Duration.ofNanos(Math.max(0, Math.min(sinceFrom, most)));
    }

    /** Ends a hold that has lasted its longest; whether there was one. */
    boolean expire() {
        if (until == 0 || leftNanos() > 0) {
            return false;
        }
        until = 0;
        return true;
    }

    boolean active() {
        return until != 0 && System.nanoTime() - from >= 0 && leftNanos() > 0;
    }

    /** How long a transaction is still held; zero or less: not at all. */
    long leftNanos() {
        long end = until;
        return end == 0 ? 0 : end - System.nanoTime();
    }
}
