package io.github.pgbaton.event;

import io.github.pgbaton.topology.HostPort;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What happened to the way to the primary of one cluster; an immutable value, delivered in the order in which it happened.
 *
 * <p>A later version may add kinds of events: a {@code switch} over them needs a default.
 */
public sealed interface FailoverEvent {

    /** @return the cluster: namespace and scope, or its first member where the URL gives no scope */
    String cluster();

    /** @return when it happened, by this machine's clock */
    Instant at();

    /**
     * The primary is gone, as far as this client can tell: its leader key went, it takes no connections, or it gives no sign
     * of life. A failover begins.
     *
     * @param cluster see {@link FailoverEvent#cluster}
     * @param at see {@link FailoverEvent#at}
     * @param reason in words, with the member's name and address
     */
    record LeaderLost(String cluster, Instant at, String reason) implements FailoverEvent {}

    /**
     * Another member holds the leader key, or was found to be the primary. It need not take writes yet.
     *
     * @param cluster see {@link FailoverEvent#cluster}
     * @param at see {@link FailoverEvent#at}
     * @param member its name in Patroni, or its address where only that is known
     * @param address where this client reaches it
     */
    record LeaderElected(String cluster, Instant at, String member, HostPort address) implements FailoverEvent {}

    /**
     * PostgreSQL on the leader has proven that it takes writes: the failover is over for new connections.
     *
     * @param cluster see {@link FailoverEvent#cluster}
     * @param at see {@link FailoverEvent#at}
     * @param member its name in Patroni, or its address where only that is known
     * @param address where this client reaches it
     * @param timeline it writes, 0 where the server may not be asked
     * @param sinceLost from {@link LeaderLost}, or the announcement of a switchover, to now
     */
    record PrimaryWritable(
            String cluster, Instant at, String member, HostPort address, int timeline, Duration sinceLost)
            implements FailoverEvent {}

    /**
     * Sockets to members that are not the primary were broken, so that no call hangs on them.
     *
     * @param cluster see {@link FailoverEvent#cluster}
     * @param at see {@link FailoverEvent#at}
     * @param count how many, at least 1
     */
    record SessionsAborted(String cluster, Instant at, int count) implements FailoverEvent {}

    /**
     * A connection has another session than before.
     *
     * @param cluster see {@link FailoverEvent#cluster}
     * @param at see {@link FailoverEvent#at}
     * @param from the member of the old one
     * @param to the member of the new one, which may be the same
     * @param waited how long the call that needed it waited for it; zero where nobody did, of an idle connection in a pool
     */
    record SessionMoved(String cluster, Instant at, HostPort from, HostPort to, Duration waited)
            implements FailoverEvent {}

    /**
     * A connection that listens has another session than before: notifications may have been missed.
     *
     * @param cluster see {@link FailoverEvent#cluster}
     * @param at see {@link FailoverEvent#at}
     * @param channels it listens to
     */
    record NotificationsMissed(String cluster, Instant at, List<String> channels) implements FailoverEvent {
        public NotificationsMissed {
            channels = List.copyOf(channels);
        }
    }

    /**
     * A switchover was announced: new transactions are held back.
     *
     * @param cluster see {@link FailoverEvent#cluster}
     * @param at see {@link FailoverEvent#at}
     * @param longest they are held at the most
     */
    record HoldStarted(String cluster, Instant at, Duration longest) implements FailoverEvent {}

    /**
     * New transactions are no longer held back.
     *
     * @param cluster see {@link FailoverEvent#cluster}
     * @param at see {@link FailoverEvent#at}
     * @param held how long, zero where the switchover came or was withdrawn before anything had to wait
     * @param switched whether another member holds the leader key now; else the switchover was withdrawn, or took too long
     */
    record HoldEnded(String cluster, Instant at, Duration held, boolean switched) implements FailoverEvent {}

    /**
     * Nothing that could tell the leader answers: neither etcd nor, where it is configured, Patroni's REST interface.
     *
     * @param cluster see {@link FailoverEvent#cluster}
     * @param at see {@link FailoverEvent#at}
     * @param reason in words
     */
    record SourceDegraded(String cluster, Instant at, String reason) implements FailoverEvent {}

    /**
     * The leader is told again.
     *
     * @param cluster see {@link FailoverEvent#cluster}
     * @param at see {@link FailoverEvent#at}
     * @param source which tells it
     */
    record SourceHealed(String cluster, Instant at, String source) implements FailoverEvent {}

    /**
     * After a failover, the latest commits that this JVM was told of on the timelines before were looked up on the new
     * primary. One that is lost was acknowledged by PostgreSQL and is not there: replication was asynchronous, or Patroni's
     * synchronous mode had no synchronous standby for a while.
     *
     * <p>Only commits that can be looked up are: those with a token in the ledger, and those whose transaction id was asked
     * for; of each database and user the latest 4096.
     *
     * @param cluster see {@link FailoverEvent#cluster}
     * @param at see {@link FailoverEvent#at}
     * @param timeline that the new primary writes
     * @param lost certainly, the earliest first
     * @param moreMayBeLost whether there were more commits than are kept, and the earlier ones may have been lost too
     * @param present how many are there
     * @param unknown how many could not be looked up; the log says why
     */
    record CommitsAudited(
            String cluster,
            Instant at,
            int timeline,
            List<LostCommit> lost,
            boolean moreMayBeLost,
            int present,
            int unknown)
            implements FailoverEvent {
        public CommitsAudited {
            lost = List.copyOf(lost);
        }
    }

    /**
     * A commit that was acknowledged and is not there.
     *
     * @param acknowledged when, by this machine's clock
     * @param token that it left in the ledger, null where there is none
     * @param xid its transaction id, null where it has a token
     */
    record LostCommit(
            Instant acknowledged,
            @Nullable UUID token,
            @Nullable String xid) {}
}
