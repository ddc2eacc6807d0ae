package io.github.pgbaton.internal.routing;

import io.github.pgbaton.config.ConnectionSpec;
import io.github.pgbaton.config.LeaderProof;
import io.github.pgbaton.config.Target;
import io.github.pgbaton.internal.probe.Deadline;
import io.github.pgbaton.internal.probe.OpenSession;
import io.github.pgbaton.internal.probe.Progress;
import io.github.pgbaton.internal.probe.Standing;
import io.github.pgbaton.internal.routing.ConnectQueue.Rank;
import io.github.pgbaton.internal.socket.RawSocket;
import io.github.pgbaton.pool.NoSessionException;
import io.github.pgbaton.topology.HostPort;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Opens sessions for a target other than the primary alone: a session that it marks as a replica's was verified to be on a
 * standby that its {@link ReplicaBoard} held fit, and any other one comes from {@link PrimaryConnector}.
 *
 * <p>Thread-safe.
 */
final class ReplicaConnector {
    /** How long a first look at everybody may take before the primary is taken instead. */
    private static final long FIRST_LOOK_NANOS = TimeUnit.SECONDS.toNanos(2);

    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private static final String GIVEN_UP = "08003";

    private final LeaderTracker tracker;
    private final ConnectionSpec spec;
    private final BooleanSupplier abandoned;
    private final Rank rank;
    private final ReplicaWatch watch;
    private final ReplicaBoard board;
    private final Target target;
    private final boolean strict;
    private final boolean mapped;
    /** Used by the thread that opens. */
    private boolean refused;

    ReplicaConnector(LeaderTracker tracker, ConnectionSpec spec, BooleanSupplier abandoned, Rank rank) {
        this.tracker = tracker;
        this.rank = rank;
        this.spec = spec;
        this.abandoned = abandoned;
        this.watch = tracker.replicas();
        this.board = watch.board(new ReplicaBoard.Criteria(
                spec.config().maxReplicaLag(), spec.config().replicaChoice()));
        this.target = spec.config().target();
        this.strict = spec.config().leaderProof() == LeaderProof.STRICT;
        this.mapped = !tracker.config().memberMap().isEmpty();
    }

    /**
     * Opens a session where the target allows it, waiting while it can be nowhere.
     *
     * @param deadline after which it gives up
     * @return a verified session
     * @throws SQLException 08001 at the deadline, naming why no member was fit, or that nobody confirms the leader; what PostgreSQL said where waiting cannot
     *     help, as for a wrong password; 08003 when given up
     */
    OpenSession open(Deadline deadline) throws SQLException {
        Attempts attempts = new Attempts();
        try {
            while (!deadline.passed()) {
                if (givenUp()) {
                    throw new SQLNonTransientConnectionException(
                            "the connection or its data source was closed while it waited for a replica of "
                                    + tracker.name() + "; nothing was sent",
                            GIVEN_UP);
                }
                Route route = tracker.route();
                if (strict && tracker.confirmation().missing(route)) {
                    tracker.current().awaitChange(route, deadline.leftNanos(), abandoned);
                    continue;
                }
                OpenSession session = once(attempts, deadline);
                if (session != null) {
                    return session;
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new NoSessionException(
                    "interrupted while waiting for a replica of " + tracker.name() + "; nothing was sent", "08001", e);
        }
        throw strict && tracker.confirmation().missing(tracker.route())
                ? new NoPrimary(tracker, spec.config().failoverTimeout()).confirmed(deadline.length())
                : noReplica(deadline, attempts);
    }

    /** Whether the replicas refused what the primary may have given, for a reason that no waiting mends. */
    boolean refused() {
        return refused;
    }

    private boolean givenUp() {
        return abandoned.getAsBoolean() || tracker.isClosed();
    }

    /** One step; null: look at the board again. */
    private @Nullable OpenSession once(Attempts attempts, Deadline deadline) throws SQLException, InterruptedException {
        ReplicaView view = board.view();
        HostPort primary = target == Target.ANY ? watch.primary() : null;
        SQLException hopeless = null;
        boolean hope = false;
        for (HostPort member : byLoad(view, primary)) {
            if (deadline.passed()) {
                return null;
            }
            try {
                OpenSession session = member.equals(primary)
                        ? onPrimary(Deadline.in(deadline.left(tracker.longestAnswer())), view)
                        : onReplica(member, attempts, deadline);
                if (session != null) {
                    return session;
                }
                hope = true;
            } catch (SQLException e) {
                attempts.add(member, e, deadline);
                if (isHopeless(e)) {
                    // It lives, and refuses this user, database or certificate: others may go on reading there.
                    hopeless = e;
                } else {
                    hope = true;
                    if (!member.equals(primary)) {
                        watch.suspect(member);
                    }
                }
            }
        }
        boolean refusedByAll = hopeless != null && !hope;
        if (hopeless != null && !hope && (target == Target.REPLICA || primary != null)) {
            throw hopeless;
        }
        // With preferReplica the primary may still let this user in: pg_hba.conf is each member's own.
        refused |= refusedByAll;
        boolean waited = deadline.length().toNanos() - deadline.leftNanos() > FIRST_LOOK_NANOS;
        if (target != Target.REPLICA && (board.view().settled() || waited || refusedByAll)) {
            return onPrimary(deadline, board.view());
        }
        if (view.fit().isEmpty()) {
            tellOwnFailure(deadline);
            watch.awaitNews(board, view, Math.min(deadline.leftNanos(), FIRST_LOOK_NANOS), abandoned);
        } else {
            // They are fit and cannot be connected to: to try at once again would help nobody.
            watch.rest(Math.min(deadline.leftNanos(), PAUSE_NANOS), abandoned);
        }
        return null;
    }

    /** Those with the fewest sockets of this JVM first, the others behind them; at random among equals. */
    private List<HostPort> byLoad(ReplicaView view, @Nullable HostPort primary) {
        List<HostPort> members = new ArrayList<>(view.fit());
        if (primary != null && !members.contains(primary)) {
            members.add(primary);
        }
        Collections.shuffle(members);
        Map<HostPort, Long> load = new HashMap<>();
        for (HostPort member : members) {
            load.put(member, tracker.sockets().count(tracker.aliases().of(member)));
        }
        members.sort(Comparator.comparing(load::get));
        return members;
    }

    /** Waits for a primary only as long as no replica becomes fit; null then. */
    private @Nullable OpenSession onPrimary(Deadline deadline, ReplicaView seen) throws SQLException {
        BooleanSupplier replicaInstead = () -> {
            ReplicaView now = board.view();
            return now != seen && !now.fit().isEmpty();
        };
        try {
            return new PrimaryConnector(tracker, spec, () -> givenUp() || replicaInstead.getAsBoolean(), rank)
                    .open(deadline);
        } catch (SQLException e) {
            if (GIVEN_UP.equals(e.getSQLState()) && !givenUp() && replicaInstead.getAsBoolean()) {
                return null;
            }
            throw e;
        }
    }

    /** Null: it is not what it should be, and the attempts tell why. */
    private @Nullable OpenSession onReplica(HostPort member, Attempts attempts, Deadline deadline)
            throws SQLException, InterruptedException {
        ConnectQueue connects = watch.connects();
        if (!connects.enter(rank, deadline.start(), Math.max(deadline.leftNanos(), 0), this::givenUp)) {
            attempts.add(member, "other connections are being opened, connectLimit at a time");
            return null;
        }
        OpenSession session = null;
        boolean good = false;
        try {
            session = tracker.opener().open(member, spec, deadline, RawSocket.Purpose.REPLICA);
            tracker.aliases().learn(session);
            Standing reported = Standing.reported(session.connection());
            // Behind a mapped address may be a pooler, which repeats what some server reported to it once.
            boolean standby =
                    reported == null || mapped ? ask(session, deadline).inRecovery() : reported.inRecovery();
            good = standby
                    && board.view().fit().contains(member)
                    && !session.socket().aborted();
            if (!good) {
                attempts.add(member, standby ? "became unfit meanwhile" : "is no standby any more");
                if (!standby) {
                    watch.suspect(member);
                }
            }
            return good ? session : null;
        } finally {
            connects.leave(rank);
            if (!good && session != null) {
                session.discard(tracker.sockets());
            }
        }
    }

    private static Progress ask(OpenSession session, Deadline deadline) throws SQLException {
        return Questions.bounded(session, deadline, Progress::ask);
    }

    /** Whether no waiting mends it, as with a wrong password. */
    static boolean isHopeless(SQLException failure) {
        // One that has no room for another client now may have some later.
        return !WaitingHelps.against(failure, true);
    }

    /** Where no look at any member succeeds, the credentials may be why: the caller's own tell, and tell him. */
    private void tellOwnFailure(Deadline deadline) throws SQLException, InterruptedException {
        SQLException failure = watch.whyNobodyAnswers();
        if (failure == null || !isHopeless(failure)) {
            return;
        }
        for (HostPort member : watch.addresses()) {
            try {
                tracker.opener()
                        .open(member, spec, deadline, RawSocket.Purpose.REPLICA)
                        .discard(tracker.sockets());
                watch.speak(spec);
                return;
            } catch (SQLException e) {
                if (isHopeless(e)) {
                    throw e;
                }
            }
        }
    }

    private SQLException noReplica(Deadline deadline, Attempts attempts) {
        String tried = attempts.none() ? "" : ". Tried: " + attempts;
        return new NoSessionException(
                "no replica of " + tracker.name() + " takes reads within "
                        + deadline.length().toMillis() + " ms: " + watch.unfit(board) + tried
                        + ". Nothing was sent. Check the replicas, raise maxReplicaLag or failoverTimeout, or let"
                        + " target=preferReplica take the primary meanwhile",
                "08001",
                attempts.newest());
    }

    /** Which sessions of one connection may stay where they are; used by the connection's thread. */
    Placement placement() {
        return new Placement();
    }

    /**
     * Says of the sessions of one connection whether they may stay, and remembers what it has said last, so that saying it
     * again costs next to nothing. Used by the connection's thread, between two transactions.
     */
    final class Placement {
        /** A connection that fell back goes to a replica again once one has been fit for this long. */
        private static final long RETURN_NANOS = 5_000_000_000L;

        /** One that no replica lets in is not opened anew with each transaction, only to see whether that has changed. */
        private static final long REFUSED_NANOS = 60_000_000_000L;

        private volatile boolean refusedBefore;
        private volatile long refusedAt;

        private @Nullable OpenSession approved;
        private @Nullable ReplicaView under;

        Placed judge(OpenSession session) {
            if (!session.onReplica()) {
                return target == Target.PREFER_REPLICA && board.fitFor(RETURN_NANOS) && !refusedLately()
                        ? Placed.ELSEWHERE_BETTER
                        : Placed.WELL;
            }
            // PostgreSQL says so with the first answer after its promotion. A pooler, as there may be behind a mapped
            // address, repeats what another server said once, and the session would move for ever.
            if (!mapped && "off".equals(session.connection().getParameterStatus("in_hot_standby"))) {
                return Placed.PROMOTED;
            }
            ReplicaView view = board.view();
            if (view == under && session == approved) {
                return Placed.WELL;
            }
            HostPort member = session.address();
            if (view.fit().contains(member)) {
                approved = session;
                under = view;
                return Placed.WELL;
            }
            if (leads(member)) {
                return Placed.PROMOTED;
            }
            // A member that merely cannot be asked may have an answer for whoever has a session already.
            boolean elsewhere = !view.fit().isEmpty() || target != Target.REPLICA;
            return elsewhere || watch.answers(member) ? Placed.ELSEWHERE_BETTER : Placed.WELL;
        }

        /** No replica could be had for this connection, whatever the others see of them. */
        void refused() {
            refusedAt = System.nanoTime();
            refusedBefore = true;
        }

        private boolean refusedLately() {
            return refusedBefore && System.nanoTime() - refusedAt < REFUSED_NANOS;
        }

        private boolean leads(HostPort member) {
            Route route = tracker.route();
            boolean told = tracker.hasSource() && route.held() && route.silence() == null;
            return member.equals(told ? route.address() : watch.primary());
        }
    }
}
