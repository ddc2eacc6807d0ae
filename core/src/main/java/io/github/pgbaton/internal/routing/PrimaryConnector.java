package io.github.pgbaton.internal.routing;

import io.github.pgbaton.config.BatonConfig;
import io.github.pgbaton.config.ConnectionSpec;
import io.github.pgbaton.config.LeaderProof;
import io.github.pgbaton.internal.probe.Deadline;
import io.github.pgbaton.internal.probe.OpenSession;
import io.github.pgbaton.internal.probe.Standing;
import io.github.pgbaton.topology.HostPort;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGProperty;
import org.postgresql.jdbc.PgConnection;

/**
 * Opens sessions on the primary and nowhere else: every session it returns was verified to be on a member that takes
 * writes, in the epoch of the tracker's route.
 *
 * <p>How it waits. Each epoch is proven once: the first thread that needs a session becomes the prober, opens a session to
 * the new leader while that may still be a standby, keeps it, and asks it every probe interval whether it takes writes
 * yet. So a promotion is noticed within one interval, by one session, with the credentials of a caller, and the
 * prober's session is itself the first good one. Right after an election everybody else opens a session to the leader
 * too, a few at a time, and sleeps on it until the epoch is proven or the lock moves on; then one question each is
 * enough. Who comes later opens a session then, and checks what the server reports at connect, without a round trip.
 */
final class PrimaryConnector {
    /** How long one answer of an open session may take before the session counts as hung. */
    private static final Duration ANSWER = Duration.ofSeconds(2);

    private static final Executor DIRECT = Runnable::run;

    private final LeaderTracker tracker;
    private final ConnectionSpec spec;
    private final BooleanSupplier abandoned;
    private final MemberPoll poll;
    private final boolean readOnlyWanted;
    private final boolean strict;
    private final Pace pace;
    private final NoPrimary failures;

    PrimaryConnector(LeaderTracker tracker, ConnectionSpec spec, BooleanSupplier abandoned) {
        this.tracker = tracker;
        this.abandoned = abandoned;
        this.spec = spec;
        this.readOnlyWanted = PGProperty.READ_ONLY.getBoolean(spec.pgProperties());
        this.strict = spec.config().leaderProof() == LeaderProof.STRICT;
        this.poll = new MemberPoll(tracker, spec, this::refusal);
        this.pace = new Pace(tracker.config().probeInterval());
        this.failures = new NoPrimary(tracker, spec.config().failoverTimeout());
    }

    /** How long one step of a prober may take that is not stuck in the look-up of a name. */
    static Duration longestStep(BatonConfig config) {
        return config.handshakeTimeout().plus(ANSWER).plusSeconds(1);
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
                if (givenUp()) {
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
            throw new SQLTransientConnectionException(
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
        boolean ask = mustAskMembers(route);
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
            return ask ? askMembers(route, claim, attempts, deadline) : prove(route, claim, attempts, deadline);
        } finally {
            tracker.prober().leave(claim);
        }
    }

    /** What the members say of themselves is no confirmation where a source has to give one. */
    private boolean mustAskMembers(Route route) {
        return !strict && tracker.confirmation().mustAskMembers(route);
    }

    /**
     * Opens a further session in an epoch that is proven, or is about to be: a standby takes connections, and a session
     * that is open when its promotion ends only needs to be looked at.
     */
    private @Nullable OpenSession enter(Route route, HostPort address, Attempts attempts, Deadline deadline)
            throws SQLException, InterruptedException {
        long patience = route.verified()
                ? deadline.leftNanos()
                : Math.min(deadline.leftNanos(), tracker.prober().busyNanos(route));
        ConnectQueue connects = tracker.current().connects();
        if (!connects.enter(patience, this::givenUp)) {
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
            if (!sameEpoch(route)) {
                return null;
            }
            early = !tracker.route().verified();
            session = tracker.opener().open(address, spec, deadline);
            tracker.aliases().learn(session);
            before = early ? ask(session, deadline) : null;
        } catch (SQLException e) {
            if (session != null) {
                session.discard(tracker.sockets());
                session = null;
            }
            giveUpUnlessTransient(e, Pace.fresh(route));
            attempts.add(address, e, deadline);
        } finally {
            connects.leave();
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
                    : awaitProof(session, route, attempts, deadline)
                            && joinInTurn(session, route, before, attempts, deadline);
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
                    ? bounded(session, deadline, connection -> Standing.again(connection, before))
                    : Standing.reported(session.connection());
            // Behind a mapped address may be a pooler, which repeats what some server reported to it once.
            boolean mapped = !tracker.config().memberMap().isEmpty();
            if (standing == null || mapped || (!standing.inRecovery() && standing.readOnly())) {
                standing = ask(session, deadline);
            }
            String refusal = refusal(route, standing);
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

    /** All who waited hear of the proof in the same instant; did they ask at once, the first would wait for the last. */
    private boolean joinInTurn(OpenSession session, Route route, Standing before, Attempts attempts, Deadline deadline)
            throws InterruptedException {
        ConnectQueue joins = tracker.current().joins();
        if (!joins.enter(deadline.leftNanos(), this::givenUp)) {
            attempts.add(session.address(), "other sessions are being looked at");
            return false;
        }
        try {
            return join(session, route, before, attempts, deadline);
        } finally {
            joins.leave();
        }
    }

    /** Waits with a session that was opened early for the epoch to be proven; false: it will not be. */
    private boolean awaitProof(OpenSession session, Route route, Attempts attempts, Deadline deadline)
            throws SQLException, InterruptedException {
        while (mayProve(route) && !deadline.passed() && !session.socket().aborted()) {
            Route now = tracker.route();
            if (now.verified()) {
                return true;
            }
            ProberSeat.Claim claim = tracker.prober().take(now, false);
            if (claim == null) {
                tracker.prober().await(now, false, deadline.leftNanos(), abandoned);
                continue;
            }
            // Whoever was at it has given up, and here is a session to go on with.
            try {
                Standing standing = awaitWritable(session, route, claim, attempts, deadline);
                return standing != null && tracker.memberNews().verified(route, standing);
            } finally {
                tracker.prober().leave(claim);
            }
        }
        return false;
    }

    /** Opens a session to a leader that has not proven itself yet, and stays on it until it does. */
    private @Nullable OpenSession prove(Route route, ProberSeat.Claim claim, Attempts attempts, Deadline deadline)
            throws SQLException, InterruptedException {
        HostPort address = java.util.Objects.requireNonNull(route.address());
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
                giveUpUnlessTransient(e, Pace.fresh(route));
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

    /** The prober's session is one of those that are opened at once; null: it was given up before its turn came. */
    private @Nullable OpenSession openInTurn(HostPort address, Deadline deadline)
            throws SQLException, InterruptedException {
        ConnectQueue connects = tracker.current().connects();
        if (!connects.enter(Math.min(deadline.leftNanos(), ANSWER.toNanos()), this::givenUp)) {
            return null;
        }
        try {
            return tracker.opener().open(address, spec, deadline);
        } finally {
            connects.leave();
        }
    }

    /** Asks with a deadline of its own: a member may freeze between its handshake and its answer. */
    static Standing ask(OpenSession session, Deadline deadline) throws SQLException {
        return bounded(session, deadline, Standing::ask);
    }

    /** A question to a member. */
    interface Question<T> {
        T ask(PgConnection connection) throws SQLException;
    }

    static <T> T bounded(OpenSession session, Deadline deadline, Question<T> question) throws SQLException {
        PgConnection connection = session.connection();
        int before = connection.getNetworkTimeout();
        connection.setNetworkTimeout(DIRECT, (int) deadline.left(ANSWER).toMillis());
        try {
            return question.ask(connection);
        } finally {
            // After an ERROR the session may be given away all the same, and no statement of an application ends in
            // two seconds for it. One that broke has no limit to set, and would hide why.
            if (!connection.isClosed()) {
                connection.setNetworkTimeout(DIRECT, before);
            }
        }
    }

    /** Null: this session will not prove it. */
    private @Nullable Standing awaitWritable(
            OpenSession session, Route route, ProberSeat.Claim claim, Attempts attempts, Deadline deadline)
            throws SQLException, InterruptedException {
        Standing first = null;
        while (mayProve(route) && !deadline.passed()) {
            claim.alive();
            Standing before = first;
            Standing standing = before == null
                    ? ask(session, deadline)
                    : bounded(session, deadline, connection -> Standing.again(connection, before));
            first = standing;
            String refusal = refusal(route, standing);
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
            } else {
                pause(route, 1, deadline);
            }
        }
        return null;
    }

    /** A session that breaks by it, or is not allowed to ask, shows that when it is asked in earnest. */
    private void rehearse(OpenSession session, Deadline deadline) {
        Rehearsal first = tracker.rehearsal();
        if (first == null) {
            return;
        }
        try {
            bounded(session, deadline, connection -> {
                first.on(connection);
                return true;
            });
        } catch (SQLException e) {
            // Nothing is concluded from it.
        }
    }

    /** No source can tell: the members are asked, all at once. */
    private @Nullable OpenSession askMembers(Route route, ProberSeat.Claim claim, Attempts attempts, Deadline deadline)
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

    /** Asks the members once, for all who have a session already: somebody else may be the primary by now. */
    void askAgain() {
        Route route = tracker.route();
        ProberSeat.Claim claim = tracker.prober().take(route, true);
        if (claim == null) {
            return;
        }
        Attempts attempts = new Attempts();
        try {
            MemberPoll.Answer answer = poll.ask(tracker.everybody(), Deadline.in(tracker.longestAnswer()), attempts);
            if (answer != null) {
                tracker.aliases().learn(answer.session());
                tracker.memberNews().found(route, answer.session().address(), answer.standing());
                answer.session().discard(tracker.sockets());
            }
        } catch (SQLException e) {
            // Nobody waits for it: whoever connects next is told.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            tracker.prober().leave(claim);
        }
    }

    /** Looks at a member that refused a write; one that is not the primary keeps no session. */
    void recheck(HostPort address) {
        Route route = tracker.route();
        Deadline deadline = Deadline.in(tracker.longestAnswer());
        OpenSession session = null;
        try {
            session = tracker.opener().open(address, spec, deadline);
            Standing standing = ask(session, deadline);
            String refusal = refusal(route, standing);
            boolean demoted = standing.inRecovery() || tracker.fence().refuse(standing, route.topology()) != null;
            session.discard(tracker.sockets());
            if (demoted) {
                tracker.memberNews().shun(address, String.valueOf(refusal));
            } else if (refusal == null
                    && address.equals(route.address())
                    && !tracker.confirmation().mustAskMembers(route)) {
                tracker.memberNews().verified(route, standing);
            }
        } catch (SQLException e) {
            // It stays suspected: whoever connects next proves it, and says why that fails.
            if (session != null) {
                session.discard(tracker.sockets());
            }
        }
    }

    static void giveUpUnlessTransient(SQLException failure, boolean freshlyElected) throws SQLException {
        if (!WaitingHelps.against(failure, freshlyElected)) {
            throw failure;
        }
    }

    private @Nullable String refusal(Route route, Standing standing) {
        if (standing.inRecovery()) {
            return "is in recovery: not promoted yet, or a replica";
        }
        if (standing.readOnly() && !readOnlyWanted) {
            return "takes no writes: default_transaction_read_only is on";
        }
        return tracker.fence().refuse(standing, route.topology());
    }

    private boolean sameEpoch(Route route) {
        Route now = tracker.route();
        return now.epoch() == route.epoch() && now.held() == route.held() && !givenUp();
    }

    /** Whether the connection was closed or aborted, by another thread, while this one waits. */
    private boolean givenUp() {
        return abandoned.getAsBoolean() || tracker.isClosed();
    }

    /** A source that falls silent ends it: somebody else may be the primary by now, and only the members can tell. */
    private boolean mayProve(Route route) {
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

    /** What is thrown by a connection that wants the leader confirmed, at its deadline. */
    SQLException unconfirmed(Duration waited) {
        return failures.confirmed(waited);
    }
}
