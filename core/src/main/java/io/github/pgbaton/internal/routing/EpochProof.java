package io.github.pgbaton.internal.routing;

import io.github.pgbaton.config.BatonConfig;
import io.github.pgbaton.config.ConnectionSpec;
import io.github.pgbaton.config.LeaderProof;
import io.github.pgbaton.internal.probe.Deadline;
import io.github.pgbaton.internal.probe.OpenSession;
import io.github.pgbaton.internal.probe.Standing;
import io.github.pgbaton.topology.HostPort;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Proves that a member is the primary of an epoch, for the one thread that has the prober's seat: a session that it returns is
 * on a member that has just said so of itself, and the tracker has been told.
 *
 * <p>It stays on one session to the new leader, which may still be a standby, and has it look out for its promotion; where no source
 * can tell who leads, it asks all members. It ends as soon as the epoch does.
 */
final class EpochProof {
    private final LeaderTracker tracker;
    private final ConnectionSpec spec;
    private final BooleanSupplier abandoned;
    private final PrimaryRule rule;
    private final MemberPoll poll;
    private final boolean strict;
    private final Pace pace;
    private boolean mustPoll;

    EpochProof(LeaderTracker tracker, ConnectionSpec spec, PrimaryRule rule, BooleanSupplier abandoned) {
        this.tracker = tracker;
        this.spec = spec;
        this.abandoned = abandoned;
        this.rule = rule;
        this.poll = new MemberPoll(tracker, spec, rule::refusal);
        this.strict = spec.config().leaderProof() == LeaderProof.STRICT;
        this.pace = new Pace(tracker.config().probeInterval());
    }

    /** How long one step of a prober may take that is not stuck in the look-up of a name. */
    static Duration longestStep(BatonConfig config) {
        return config.handshakeTimeout().plus(Questions.ANSWER).plusSeconds(1);
    }

    /** What the members say of themselves is no confirmation where a source has to give one. */
    boolean mustAskMembers(Route route) {
        return !strict && tracker.confirmation().mustAskMembers(route);
    }

    boolean sameEpoch(Route route) {
        Route now = tracker.route();
        return now.epoch() == route.epoch() && now.held() == route.held() && !givenUp();
    }

    /** Whether the connection was closed or aborted, by another thread, while this one waits. */
    boolean givenUp() {
        return abandoned.getAsBoolean() || tracker.isClosed();
    }

    /** Opens a session to a leader that has not proven itself yet, and stays on it until it does. */
    @Nullable
    OpenSession prove(Route route, ProberSeat.Claim claim, Attempts attempts, Deadline deadline)
            throws SQLException, InterruptedException {
        HostPort address = Objects.requireNonNull(route.address());
        for (int attempt = 1; mayProve(route) && !deadline.passed(); attempt++) {
            OpenSession session = null;
            claim.alive();
            try {
                session = openInTurn(address, deadline);
                if (session == null || !mayProve(route)) {
                    return null;
                }
                tracker.aliases().learn(session);
                Standing standing = awaitWritable(session, route, claim, attempts, deadline);
                if (standing != null && tracker.memberNews().verified(route, standing)) {
                    OpenSession proven = session;
                    session = null;
                    return proven;
                }
            } catch (SQLException e) {
                WaitingHelps.orThrow(e, Pace.fresh(route));
                attempts.add(address, e, deadline);
                tracker.memberNews().unreachable(route, Attempts.reason(e));
            } finally {
                if (session != null) {
                    session.discard(tracker.sockets());
                }
            }
            pause(route, attempt, deadline);
        }
        return null;
    }

    /**
     * The prober's session is one of those that are opened at once, with a call's rank, for all calls wait for what it finds out;
     * null: it was given up before its turn came.
     */
    private @Nullable OpenSession openInTurn(HostPort address, Deadline deadline)
            throws SQLException, InterruptedException {
        ConnectQueue connects = tracker.current().connects();
        if (!connects.enter(
                deadline.start(), Math.min(deadline.leftNanos(), Questions.ANSWER.toNanos()), this::givenUp)) {
            return null;
        }
        try {
            return tracker.opener().open(address, spec, deadline);
        } finally {
            connects.leave();
        }
    }

    /** What a session says of itself, which it remembers: the control file is not read twice on its account. */
    Standing standing(OpenSession session, Deadline deadline) throws SQLException {
        Standing standing = Questions.standing(session, deadline);
        // Behind a mapped address may be a pooler, and then the next answer may be another server's.
        if (tracker.config().memberMap().isEmpty()) {
            session.said(standing);
        }
        return standing;
    }

    /** Null: this session will not prove it. */
    @Nullable
    Standing awaitWritable(
            OpenSession session, Route route, ProberSeat.Claim claim, Attempts attempts, Deadline deadline)
            throws SQLException, InterruptedException {
        Standing first = null;
        while (mayProve(route) && !deadline.passed()) {
            if (Thread.interrupted()) {
                // A member that looks out is waited for on its socket, which nothing interrupts.
                throw new InterruptedException();
            }
            claim.alive();
            Standing before = first;
            Standing standing = before == null
                    ? standing(session, deadline)
                    : Questions.bounded(session, deadline, connection -> Standing.again(connection, before));
            first = standing;
            String refusal = rule.refusal(route, standing);
            if (refusal == null) {
                return standing;
            }
            attempts.add(session.address(), refusal);
            if (!standing.inRecovery()) {
                // Another cluster or a primary of the past: asking again will not change it soon.
                tracker.memberNews().unreachable(route, refusal);
                session.discard(tracker.sockets());
                if (!standing.readOnly()) {
                    tracker.memberNews().shun(session.address(), refusal);
                }
                return null;
            }
            if (before == null) {
                rehearse(session, deadline);
            } else if (!watch(session, route, deadline)) {
                pause(route, 1, deadline);
            }
        }
        return null;
    }

    /**
     * Whether the member itself looked out for its promotion; asked over the network every now and then, it would be half a
     * pause late on average.
     */
    private boolean watch(OpenSession session, Route route, Deadline deadline) throws SQLException {
        // Close to the deadline its answer would be cut off, and the caller told of that in place of what it says.
        if (mustPoll || !Pace.fresh(route) || deadline.leftNanos() < 2 * Pace.WATCH.toNanos()) {
            return false;
        }
        try {
            return Questions.bounded(
                    session,
                    deadline,
                    connection -> Standing.awaitPromotion(connection, Pace.lookMillis(route), Pace.WATCH.toMillis()));
        } catch (SQLException e) {
            if (connectionGone(session)) {
                throw e;
            }
            // Not allowed to sleep, or not for so long.
            mustPoll = true;
            return false;
        }
    }

    private static boolean connectionGone(OpenSession session) throws SQLException {
        return session.socket().aborted() || session.connection().isClosed();
    }

    /** A session that breaks by it, or is not allowed to ask, shows that when it is asked in earnest. */
    private void rehearse(OpenSession session, Deadline deadline) {
        Rehearsal first = ClusterRef.rehearsal(tracker, spec);
        if (first == null) {
            return;
        }
        try {
            Questions.bounded(session, deadline, connection -> {
                first.on(session);
                return true;
            });
        } catch (SQLException e) {
            // Nothing is concluded from it.
        }
    }

    /** No source can tell: the members are asked, all at once. */
    @Nullable
    OpenSession askMembers(Route route, ProberSeat.Claim claim, Attempts attempts, Deadline deadline)
            throws SQLException, InterruptedException {
        for (int attempt = 1; sameEpoch(route) && tracker.confirmation().mustAskMembers(tracker.route()); attempt++) {
            claim.alive();
            MemberPoll.Answer answer = poll.ask(tracker.everybody(), deadline, attempts);
            if (answer != null) {
                tracker.aliases().learn(answer.session());
                if (tracker.memberNews().found(route, answer.session().address(), answer.standing())) {
                    return answer.session();
                }
                answer.session().discard(tracker.sockets());
                return null;
            }
            HostPort known = route.address();
            if (known != null) {
                tracker.memberNews().unreachable(route, "no member takes writes: " + attempts);
            }
            if (deadline.passed()) {
                return null;
            }
            pause(route, attempt, deadline);
        }
        return null;
    }

    /** A source that falls silent ends it: somebody else may be the primary by now, and only the members can tell. */
    boolean mayProve(Route route) {
        Route now = tracker.route();
        return sameEpoch(route)
                // A leader that became a standby leader stays in recovery: the news end the wait, and not the deadline.
                && !now.topology().settings().standbyCluster()
                && !mustAskMembers(now)
                && !(strict && tracker.confirmation().missing(now));
    }

    private void pause(Route route, int attempt, Deadline deadline) throws InterruptedException {
        long nanos = Math.min(pace.pauseNanos(route, attempt), deadline.leftNanos());
        Route now = tracker.route();
        if (sameEpoch(route) && nanos > 0) {
            tracker.current().awaitChange(now, nanos, abandoned);
        }
    }
}
