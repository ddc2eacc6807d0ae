package io.github.pgbaton.internal.routing;

import io.github.pgbaton.config.BatonConfig;
import io.github.pgbaton.config.ConnectionSpec;
import io.github.pgbaton.config.LeaderProof;
import io.github.pgbaton.config.Target;
import io.github.pgbaton.event.FailoverEvent;
import io.github.pgbaton.internal.probe.Deadline;
import io.github.pgbaton.internal.probe.OpenSession;
import io.github.pgbaton.internal.probe.Standing;
import io.github.pgbaton.internal.routing.ConnectQueue.Rank;
import io.github.pgbaton.pool.NoSessionException;
import io.github.pgbaton.pool.UnexpectedReadOnlyException;
import io.github.pgbaton.topology.ClusterState;
import io.github.pgbaton.topology.HostPort;
import io.github.pgbaton.topology.TimelineHistory;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.function.IntConsumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGProperty;
import org.postgresql.jdbc.PgConnection;

/**
 * One reference to a cluster's shared tracker, with the database and the credentials of one caller; the tracker lives
 * until its last reference is released. Thread-safe.
 */
public final class ClusterRef {
    private static final String READ_ONLY_TRANSACTION = "25006";

    private final LeaderTracker tracker;
    private final PrimaryConnector connector;
    private final MemberLook look;
    private final ConnectionSpec spec;
    private final Duration failoverTimeout;
    private final ProtectionCounters protection;
    private final boolean strict;
    /** Null where the target is the primary alone, whose path knows nothing of replicas. */
    private final @Nullable ReplicaConnector replicas;

    private final ReplicaConnector.@Nullable Placement placement;
    private final AtomicBoolean released = new AtomicBoolean();

    private ClusterRef(LeaderTracker tracker, ConnectionSpec spec) {
        this.tracker = tracker;
        this.spec = spec;
        this.failoverTimeout = spec.config().failoverTimeout();
        this.protection = ProtectionCounters.of(tracker.name());
        this.connector = new PrimaryConnector(tracker, spec, released::get);
        this.look = new MemberLook(tracker, spec);
        this.strict = spec.config().leaderProof() == LeaderProof.STRICT;
        tracker.looks().add(look);
        boolean primaryOnly = spec.config().target() == Target.PRIMARY;
        this.replicas = primaryOnly ? null : new ReplicaConnector(tracker, spec, released::get, Rank.CALLER);
        this.placement = replicas == null ? null : replicas.placement();
        if (!primaryOnly) {
            tracker.replicas().retain(this, spec);
        }
    }

    /**
     * Starts watching the cluster, or joins who already does.
     *
     * @param spec the cluster, the database and the caller's own properties and time-outs
     * @return a reference, to be released once
     * @throws IllegalArgumentException where a leader source cannot be made of the configuration
     */
    public static ClusterRef acquire(ConnectionSpec spec) {
        return new ClusterRef(Trackers.acquire(spec.config()), spec);
    }

    /** @param config of a cluster whose tracker ends at once where nobody holds a reference to it */
    public static void endUnused(BatonConfig config) {
        Trackers.endUnused(config.clusterId());
    }

    /** @return the clusters that are watched now, each as it is known at this moment */
    public static List<ClusterState> states() {
        return Trackers.states();
    }

    /** @return the cluster's name for messages */
    public String name() {
        return tracker.name();
    }

    /** @return the settings of the caller, among them those that are no matter of the cluster */
    public BatonConfig config() {
        return spec.config();
    }

    /** @return another reference to the same cluster, with the same database and credentials; to be released by itself */
    public ClusterRef another() {
        return acquire(spec);
    }

    /**
     * What belongs to this cluster and database as a whole and to no connection; it lives as long as the tracker.
     *
     * @param type of it; one of each type is kept per database and user
     * @param make it; called at most once while it is kept, and must not come back here
     * @return the one there is
     */
    public <T> T shared(Class<T> type, Supplier<T> make) {
        return type.cast(tracker.shared().computeIfAbsent(key(type, spec), absent -> make.get()));
    }

    private static String key(Class<?> type, ConnectionSpec spec) {
        return type.getName() + '/' + spec.database() + '/' + PGProperty.USER.getOrDefault(spec.pgProperties());
    }

    /** What a session of this database and user is asked first, null before anybody told. */
    static @Nullable Rehearsal rehearsal(LeaderTracker tracker, ConnectionSpec spec) {
        return (Rehearsal) tracker.shared().get(key(Rehearsal.class, spec));
    }

    /**
     * Whether a session is on the primary of now: its member leads as far as the source can tell, takes writes, belongs to
     * the DCS's cluster and is on the highest timeline that this JVM has seen. A session is looked at in this way when
     * more depends on it than that it serves.
     *
     * @param session that {@link #open} gave
     * @param standing what its PostgreSQL said of itself just now
     * @return why it is not, null where it is
     */
    public @Nullable String refusal(OpenSession session, Standing standing) {
        return tracker.memberNews().refusal(session.address(), standing);
    }

    /** @return how the timelines follow each other, as the source told last */
    public TimelineHistory history() {
        return tracker.route().topology().history();
    }

    /** @return whether somebody tells who leads, and with it how the timelines follow each other */
    public boolean toldByPatroni() {
        return tracker.hasSource();
    }

    /**
     * @param session that {@link #open} gave
     * @return its member's name in Patroni, null where no source tells it
     */
    public @Nullable String member(OpenSession session) {
        return tracker.route().memberAt(session.address());
    }

    /** @return whether Patroni is to keep a synchronous standby, as the source told last */
    public boolean synchronous() {
        return tracker.route().topology().settings().synchronous();
    }

    /**
     * @param listener told of each timeline on which a primary is verified after an earlier one, as long as the tracker
     *     lives; it returns at once
     */
    public void onNewTimeline(IntConsumer listener) {
        tracker.succession().add(listener);
    }

    /** @param first of all questions to a session, for {@link Rehearsal}; the same for all callers of this database and user */
    public void rehearse(Rehearsal first) {
        shared(Rehearsal.class, () -> first);
    }

    /** @param event for the listeners; never waits */
    public void tell(FailoverEvent event) {
        tracker.events().publish(event);
    }

    /** @return where it is counted how this cluster's transactions are protected */
    public ProtectionCounters protection() {
        return protection;
    }

    /** @return how long a call may wait for a primary */
    public Duration failoverTimeout() {
        return failoverTimeout;
    }

    /**
     * @param deadline after which it gives up
     * @return a session that was verified to be on the primary
     * @throws SQLException 08001 at the deadline; what PostgreSQL said where waiting cannot help
     */
    public OpenSession open(Deadline deadline) throws SQLException {
        return connector.open(deadline);
    }

    /**
     * @param deadline after which it gives up
     * @param cancelled whether the caller no longer wants it; looked at when {@link #wake} is called
     * @return as {@link #open(Deadline)}, for a connection in use
     * @throws SQLException as {@link #open(Deadline)}, and 08003 when cancelled
     */
    public OpenSession open(Deadline deadline, BooleanSupplier cancelled) throws SQLException {
        return new PrimaryConnector(tracker, spec, () -> released.get() || cancelled.getAsBoolean(), Rank.IN_USE)
                .open(deadline);
    }

    /**
     * Opens a session where {@code target} allows it: on the primary unless it names something else.
     *
     * @param deadline after which it gives up
     * @param cancelled whether the caller no longer wants it; looked at when {@link #wake} is called
     * @return a session that was verified to be on the primary, or, as {@link OpenSession#onReplica} says, on a replica
     * @throws SQLException as {@link #open(Deadline, BooleanSupplier)}
     */
    public OpenSession openTarget(Deadline deadline, BooleanSupplier cancelled) throws SQLException {
        return openTarget(deadline, cancelled, Rank.CALLER);
    }

    /**
     * As {@link #openTarget(Deadline, BooleanSupplier)}, for a connection in use: before all that are being opened.
     *
     * @param deadline after which it gives up
     * @param cancelled whether the caller no longer wants it; looked at when {@link #wake} is called
     * @return as {@link #openTarget}
     * @throws SQLException as {@link #openTarget}
     */
    public OpenSession reopenTarget(Deadline deadline, BooleanSupplier cancelled) throws SQLException {
        return openTarget(deadline, cancelled, Rank.IN_USE);
    }

    /**
     * Opens a session that no call waits for: behind all that one waits for, and no more at once than half of {@code connectLimit},
     * those of all pools of this JVM together.
     *
     * @param deadline after which it gives up
     * @param cancelled whether it is no longer wanted; looked at when {@link #wake} is called
     * @return as {@link #openTarget}
     * @throws SQLException as {@link #openTarget}
     */
    public OpenSession openInBackground(Deadline deadline, BooleanSupplier cancelled) throws SQLException {
        return openTarget(deadline, cancelled, Rank.BACKGROUND);
    }

    private OpenSession openTarget(Deadline deadline, BooleanSupplier cancelled, Rank rank) throws SQLException {
        BooleanSupplier abandoned = () -> released.get() || cancelled.getAsBoolean();
        ReplicaConnector.Placement mine = placement;
        if (mine == null) {
            return new PrimaryConnector(tracker, spec, abandoned, rank).open(deadline);
        }
        ReplicaConnector opening = new ReplicaConnector(tracker, spec, abandoned, rank);
        try {
            return opening.open(deadline);
        } finally {
            if (opening.refused()) {
                mine.refused();
            }
        }
    }

    /** @param session that is good and stays where it is, because no better one could be opened */
    public void stays(OpenSession session) {
        ReplicaConnector.Placement mine = placement;
        if (mine != null && !session.onReplica()) {
            mine.refused();
        }
    }

    /**
     * @param session in use, outside a transaction
     * @return whether it is where it should be; always where the target is the primary, for then an election breaks the
     *     socket
     */
    public Placed placed(OpenSession session) {
        return placement == null ? Placed.WELL : placement.judge(session);
    }

    /** Makes every thread that waits for a primary look whether it still should. */
    public void wake() {
        tracker.wake();
    }

    /** Bounds what is done on a session. */
    public interface Limit extends AutoCloseable {

        /** @return whether there was still time; after this call, the session is no longer bounded */
        boolean kept();

        @Override
        void close();
    }

    /**
     * Breaks a session at a deadline.
     *
     * @param session whose calls may hang, in a lock or on a silent server
     * @param deadline when it is broken
     * @return to be closed when the session is no longer to be bounded
     * @throws SQLException 08003 where the cluster is no longer watched
     */
    public Limit limit(OpenSession session, Deadline deadline) throws SQLException {
        ScheduledFuture<?> watchdog;
        try {
            watchdog = tracker.timer().schedule(session.socket()::abort, deadline.leftNanos(), TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException e) {
            throw new SQLNonTransientConnectionException(
                    "the last connection of this cluster was closed meanwhile", "08003", e);
        }
        return new Limit() {
            @Override
            public boolean kept() {
                return watchdog.cancel(false) && !session.socket().aborted();
            }

            @Override
            public void close() {
                watchdog.cancel(false);
            }
        };
    }

    /** @return what is run first on each new session, null for nothing */
    public @Nullable String connectionInitSql() {
        return spec.config().connectionInitSql();
    }

    /** @return whether PgJDBC makes each session read-only by itself */
    public boolean opensReadOnly() {
        return PGProperty.READ_ONLY.getBoolean(spec.pgProperties());
    }

    /** @return whether PgJDBC tells the server of a read-only connection outside transactions as well, by a setting */
    public boolean tellsReadOnlyAlways() {
        return "always".equalsIgnoreCase(PGProperty.READ_ONLY_MODE.getOrDefault(spec.pgProperties()));
    }

    /** @return whether a new transaction should first {@link #awaitSwitchover}; one volatile read while it need not */
    public boolean holds() {
        return tracker.holds() || unproven();
    }

    /** @return whether nothing new may begin, because no source confirms the leader and {@code leaderProof=strict} */
    public boolean unproven() {
        return strict && tracker.confirmation().missing(tracker.route());
    }

    /** @return as {@link #holds()}, for a session that there is: no switchover holds back one on a replica */
    public boolean holds(OpenSession session) {
        return holds() && (!session.onReplica() || unproven());
    }

    /**
     * Waits for an announced switchover to bring another leader, {@code switchoverHold} from the announcement at the
     * longest; with {@code leaderProof=strict} also for a source to confirm the leader, to the deadline.
     *
     * @param deadline of the caller, which may be earlier
     * @param cancelled whether the caller no longer wants to wait; looked at when {@link #wake} is called
     * @throws SQLException 08001 when interrupted
     */
    public void awaitSwitchover(Deadline deadline, BooleanSupplier cancelled) throws SQLException {
        try {
            tracker.awaitSwitchover(deadline, strict, () -> released.get() || cancelled.getAsBoolean());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new NoSessionException(
                    "interrupted while waiting for a switchover of " + name() + "; nothing was sent", "08001", e);
        }
    }

    /**
     * @param waited by the caller
     * @throws SQLException 08001 where {@code leaderProof=strict} and no source has confirmed the leader for a ttl
     */
    public void requireProof(Duration waited) throws SQLException {
        if (strict && tracker.confirmation().missing(tracker.route())) {
            throw connector.unconfirmed(waited);
        }
    }

    /**
     * Takes note of a statement that failed on a living session: where its member refused a write that nobody made
     * read-only, the member is looked at, and loses its sessions where it is no primary any more. Never waits.
     *
     * @param session that lives on
     * @param failure of the statement, which the application gets in any case; says so to a pool in its next exception
     */
    public void refused(OpenSession session, SQLException failure) {
        // A replica takes no writes, and does not have to explain itself.
        if (!READ_ONLY_TRANSACTION.equals(failure.getSQLState()) || session.onReplica() || madeReadOnly(session)) {
            return;
        }
        failure.setNextException(
                new UnexpectedReadOnlyException("nobody made this transaction read-only through JDBC or by a"
                        + " setting: " + session.address() + " may be no primary of " + name()
                        + " any more. It is looked at, and its sessions are broken if so"));
        if (tracker.looks().at(session.address(), look)) {
            tracker.memberNews().suspect(session.address());
        }
    }

    /** By JDBC, by a setting, or by the role; BEGIN READ ONLY is not seen here, and costs a look at the member. */
    private static boolean madeReadOnly(OpenSession session) {
        PgConnection connection = session.connection();
        try {
            return !"on".equals(connection.getParameterStatus("in_hot_standby"))
                    && (connection.isReadOnly()
                            || "on".equals(connection.getParameterStatus("default_transaction_read_only")));
        } catch (SQLException e) {
            return true;
        }
    }

    /**
     * Tells listeners that a connection has another session.
     *
     * @param from the member of the old one
     * @param to the member of the new one
     * @param waited for it
     * @param channels whose notifications may have been missed
     */
    public void moved(HostPort from, HostPort to, Duration waited, Collection<String> channels) {
        EventQueue events = tracker.events();
        events.publish(new FailoverEvent.SessionMoved(name(), Instant.now(), from, to, waited));
        if (!channels.isEmpty()) {
            events.publish(new FailoverEvent.NotificationsMissed(name(), Instant.now(), List.copyOf(channels)));
        }
    }

    /** @param session whose member did not answer as it should: whoever connects next proves the primary anew */
    public void suspect(OpenSession session) {
        if (session.onReplica()) {
            tracker.replicas().suspect(session.address());
        } else {
            tracker.memberNews().suspect(session.address());
        }
    }

    /** @param session to close, with a word to the server, within a second */
    public void close(OpenSession session) {
        session.close(tracker.sockets(), tracker.timer());
    }

    /** @param session to drop, known to be dead */
    public void discard(OpenSession session) {
        session.discard(tracker.sockets());
    }

    /** @param session aborted, so that nothing of it is left but what its own thread still holds */
    public void forget(OpenSession session) {
        session.socket().abort();
        tracker.sockets().remove(session.socket());
    }

    /** Gives the reference back; the tracker ends a few seconds after its last one. Idempotent. */
    public void release() {
        if (released.compareAndSet(false, true)) {
            tracker.looks().remove(look);
            if (replicas != null) {
                tracker.replicas().release(this);
            }
            // A thread that still waits for a primary on behalf of this reference gives up.
            tracker.wake();
            Trackers.release(tracker);
        }
    }
}
