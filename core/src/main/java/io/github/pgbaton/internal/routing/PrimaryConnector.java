package io.github.pgbaton.internal.routing;

import io.github.pgbaton.config.ConnectionSpec;
import io.github.pgbaton.config.LeaderProof;
import io.github.pgbaton.internal.probe.Deadline;
import io.github.pgbaton.internal.probe.OpenSession;
import io.github.pgbaton.internal.probe.Standing;
import io.github.pgbaton.internal.routing.ConnectQueue.Rank;
import io.github.pgbaton.pool.NoSessionException;
import io.github.pgbaton.topology.HostPort;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.time.Duration;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Opens sessions on the primary and nowhere else: every session it returns was verified to be on a member that takes
 * writes, in the epoch of the tracker's route.
 *
 * <p>How it waits. Each epoch is proven once: the first thread that needs a session becomes the prober, opens a session to
 * the new leader while that may still be a standby, keeps it, and has it say when it takes writes. So a promotion is
 * noticed at once, by one session, with the credentials of a caller, and the prober's session is itself the first good one. Right after an election everybody else opens a session to the leader
 * too, a few at a time, and sleeps on it until the epoch is proven or the lock moves on; then one question each is
 * enough. Who comes later opens a session then, and checks what the server reports at connect, without a round trip.
 */
final class PrimaryConnector {
    private final LeaderTracker tracker;
    private final ConnectionSpec spec;
    private final BooleanSupplier abandoned;
    private final Rank rank;
    private final PrimaryRule rule;
    private final EpochProof proof;
    private final boolean strict;
    private final NoPrimary failures;

    PrimaryConnector(LeaderTracker tracker, ConnectionSpec spec, BooleanSupplier abandoned) {
        this(tracker, spec, abandoned, Rank.CALLER);
    }

    PrimaryConnector(LeaderTracker tracker, ConnectionSpec spec, BooleanSupplier abandoned, Rank rank) {
        this.tracker = tracker;
        this.abandoned = abandoned;
        this.rank = rank;
        this.spec = spec;
        this.strict = spec.config().leaderProof() == LeaderProof.STRICT;
        this.rule = new PrimaryRule(tracker, spec);
        this.proof = new EpochProof(tracker, spec, rule, abandoned);
        this.failures = new NoPrimary(tracker, spec.config().failoverTimeout());
    }

    /**
     * Opens a session on the primary, waiting for one while there is none.
     *
     * @param deadline after which it gives up
     * @return a verified session
     * @throws SQLException 08001 at the deadline, naming what was seen and tried; what PostgreSQL said where waiting
     *     cannot help, as for a wrong password
     */
    OpenSession open(Deadline deadline) throws SQLException {
        Attempts attempts = new Attempts();
        try {
            while (!deadline.passed()) {
                if (proof.givenUp()) {
                    throw new SQLNonTransientConnectionException(
                            "the connection or its data source was closed while it waited for the primary of "
                                    + tracker.name() + "; nothing was sent",
                            "08003");
                }
                OpenSession session = once(tracker.route(), attempts, deadline);
                if (session != null) {
                    return session;
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new NoSessionException(
                    "interrupted while waiting for the primary of " + tracker.name() + "; nothing was sent",
                    "08001",
                    e);
        }
        throw strict && tracker.confirmation().missing(tracker.route())
                ? failures.confirmed(deadline.length())
                : failures.inTime(deadline, attempts);
    }

    /** One step; null: look at the route again. */
    private @Nullable OpenSession once(Route route, Attempts attempts, Deadline deadline)
            throws SQLException, InterruptedException {
        HostPort address = route.address();
        if (route.topology().settings().standbyCluster()) {
            throw new SQLNonTransientConnectionException(
                    tracker.name() + " is a standby cluster: its leader follows another cluster and takes no writes;"
                            + " connect to the cluster that it follows",
                    "08001");
        }
        if (strict && tracker.confirmation().missing(route)) {
            tracker.current().awaitChange(route, deadline.leftNanos(), abandoned);
            return null;
        }
        if (route.verified() && address != null) {
            return enter(route, address, attempts, deadline);
        }
        boolean ask = proof.mustAskMembers(route);
        if (!ask && (!route.held() || address == null)) {
            tracker.current().awaitChange(route, deadline.leftNanos(), abandoned);
            return null;
        }
        ProberSeat.Claim claim = tracker.prober().take(route, ask);
        if (claim == null && !ask && address != null && Pace.fresh(route)) {
            return enter(route, address, attempts, deadline);
        }
        if (claim == null) {
            tracker.prober().await(route, ask, deadline.leftNanos(), abandoned);
            return null;
        }
        try {
            return ask
                    ? proof.askMembers(route, claim, attempts, deadline)
                    : proof.prove(route, claim, attempts, deadline);
        } finally {
            tracker.prober().leave(claim);
        }
    }

    /**
     * Opens a further session in an epoch that is proven, or is about to be: a standby takes connections, and a session
     * that is open when its promotion ends only needs to be looked at.
     */
    private @Nullable OpenSession enter(Route route, HostPort address, Attempts attempts, Deadline deadline)
            throws SQLException, InterruptedException {
        long patience = patience(route, deadline);
        ConnectQueue connects = tracker.current().connects();
        if (!connects.enter(rank, deadline.start(), patience, proof::givenUp)) {
            attempts.add(address, "other connections are being opened, connectLimit at a time");
            return null;
        }
        OpenSession session = null;
        Standing before = null;
        boolean early = false;
        try {
            if (Pace.fresh(route) || connects.crowded()) {
                Pace.jitter();
            }
            if (!proof.sameEpoch(route)) {
                return null;
            }
            early = !tracker.route().verified();
            session = tracker.opener().open(address, spec, deadline);
            tracker.aliases().learn(session);
            if (early) {
                before = proof.standing(session, deadline);
            }
        } catch (SQLException e) {
            if (session != null) {
                session.discard(tracker.sockets());
                session = null;
            }
            WaitingHelps.orThrow(e, Pace.fresh(route));
            attempts.add(address, e, deadline);
        } finally {
            connects.leave(rank);
        }
        if (session == null) {
            if (early) {
                // Not ready for anybody yet: the prober is the one to knock until it is.
                tracker.prober().await(tracker.route(), false, deadline.leftNanos(), abandoned);
            } else {
                tracker.memberNews().suspect(address);
            }
            return null;
        }
        boolean good = false;
        try {
            good = before == null
                    ? join(session, route, null, attempts, deadline)
                    : joinWhenProven(session, route, before, attempts, deadline);
        } finally {
            if (!good) {
                session.discard(tracker.sockets());
            }
        }
        return good ? session : null;
    }

    /**
     * Whether a session in an epoch that is proven may be given away.
     *
     * @param before what it said before the epoch was proven, null where it was opened afterwards
     */
    private boolean join(
            OpenSession session, Route route, @Nullable Standing before, Attempts attempts, Deadline deadline) {
        try {
            Standing standing = before != null
                    ? Questions.bounded(session, deadline, connection -> Standing.again(connection, before))
                    : Standing.reported(session.connection());
            // Behind a mapped address may be a pooler, which repeats what some server reported to it once.
            boolean mapped = !tracker.config().memberMap().isEmpty();
            if (standing == null || mapped || (!standing.inRecovery() && standing.readOnly())) {
                standing = Questions.standing(session, deadline);
            }
            String refusal = rule.refusal(route, standing);
            if (refusal == null
                    && tracker.route().epoch() == route.epoch()
                    && !session.socket().aborted()) {
                return true;
            }
            attempts.add(session.address(), refusal == null ? "lost the lock meanwhile" : refusal);
        } catch (SQLException e) {
            attempts.add(session.address(), e, deadline);
        }
        tracker.memberNews().suspect(session.address());
        return false;
    }

    /**
     * Waits with a session that was opened early for the epoch to be proven, and for its turn then: did all who wait ask at once,
     * the first would wait for the last. False: it may not be given away.
     */
    private boolean joinWhenProven(
            OpenSession session, Route route, Standing before, Attempts attempts, Deadline deadline)
            throws SQLException, InterruptedException {
        while (proof.mayProve(route) && !deadline.passed() && !session.socket().aborted()) {
            ConnectQueue joins = tracker.current().joins();
            Route now = tracker.route();
            if (!now.verified()) {
                ProberSeat.Claim claim = tracker.prober().take(now, false);
                if (claim != null) {
                    return proves(session, route, claim, attempts, deadline);
                }
            }
            if (!joins.enter(rank, deadline.start(), patience(now, deadline), () -> shouldLook(session, route, now))) {
                continue;
            }
            try {
                if (tracker.route().verified()) {
                    return join(session, route, before, attempts, deadline);
                }
            } finally {
                joins.leave(rank);
            }
        }
        if (deadline.passed()) {
            attempts.add(session.address(), "a session was open, and its turn to be looked at did not come");
        }
        return false;
    }

    /** Whether there is something else to do for a session than to wait for its turn. */
    private boolean shouldLook(OpenSession session, Route route, Route seen) {
        return !proof.mayProve(route)
                || session.socket().aborted()
                || (!tracker.route().verified() && tracker.prober().busyNanos(seen) <= 0);
    }

    /** How long to wait for whoever proves the epoch, or for others where it is proven. */
    private long patience(Route now, Deadline deadline) {
        return now.verified()
                ? deadline.leftNanos()
                : Math.min(deadline.leftNanos(), tracker.prober().busyNanos(now));
    }

    /** Whoever was at it has given up, and here is a session to go on with. */
    private boolean proves(
            OpenSession session, Route route, ProberSeat.Claim claim, Attempts attempts, Deadline deadline)
            throws SQLException, InterruptedException {
        try {
            Standing standing = proof.awaitWritable(session, route, claim, attempts, deadline);
            return standing != null && tracker.memberNews().verified(route, standing);
        } catch (SQLException e) {
            // The session broke, as where the next primary dies too: there is another one to be opened.
            WaitingHelps.orThrow(e, Pace.fresh(route));
            attempts.add(session.address(), e, deadline);
            tracker.memberNews().unreachable(route, Attempts.reason(e));
            return false;
        } finally {
            tracker.prober().leave(claim);
        }
    }

    /** What is thrown by a connection that wants the leader confirmed, at its deadline. */
    SQLException unconfirmed(Duration waited) {
        return failures.confirmed(waited);
    }
}
