package io.github.pgbaton.internal.routing;

import io.github.pgbaton.config.BatonConfig;
import io.github.pgbaton.config.ConnectionSpec;
import io.github.pgbaton.config.LeaderProof;
import io.github.pgbaton.internal.probe.Deadline;
import io.github.pgbaton.internal.probe.OpenSession;
import io.github.pgbaton.internal.probe.Standing;
import io.github.pgbaton.topology.HostPort;
import io.github.resilience4j.core.IntervalFunction;
import java.security.cert.CertificateException;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
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
 * prober's session is itself the first good one. Everybody else sleeps until the epoch is proven or the lock moves on;
 * they then open theirs and check only what the server reports at connect, without a round trip.
 */
final class PrimaryConnector {
    /** A leader elected this recently is expected to promote any moment. */
    private static final Duration FRESH = Duration.ofSeconds(30);

    /** Most promotions take a fraction of a second: right after the election a leader is asked more often than later on. */
    private static final long SHORTEST_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(5);

    private static final int SHARE_OF_THE_WAIT = 16;

    /** How rarely a leader is tried at the longest: what a restart in place can cost on top of itself. */
    private static final Duration LONGEST_PAUSE = Duration.ofMillis(100);

    /** How long one answer of an open session may take before the session counts as hung. */
    private static final Duration ANSWER = Duration.ofSeconds(2);

    /** PgJDBC's word for what it refuses itself, such as a missing password. */
    private static final String REJECTED = "08004";

    private static final String TOO_MANY_CONNECTIONS = "53300";
    private static final String NAME_VERIFIER = "PgjdbcHostnameVerifier";
    private static final Executor DIRECT = Runnable::run;

    private final LeaderTracker tracker;
    private final ConnectionSpec spec;
    private final BooleanSupplier abandoned;
    private final MemberPoll poll;
    private final boolean readOnlyWanted;
    private final boolean strict;
    private final IntervalFunction freshPause;
    private final IntervalFunction longerPause;

    PrimaryConnector(LeaderTracker tracker, ConnectionSpec spec, BooleanSupplier abandoned) {
        this.tracker = tracker;
        this.abandoned = abandoned;
        this.spec = spec;
        this.readOnlyWanted = PGProperty.READ_ONLY.getBoolean(spec.pgProperties());
        this.strict = spec.config().leaderProof() == LeaderProof.STRICT;
        this.poll = new MemberPoll(tracker, spec, this::refusal);
        Duration interval = tracker.config().probeInterval();
        this.freshPause = IntervalFunction.ofRandomized(interval.toMillis(), 0.2);
        Duration longest = interval.compareTo(LONGEST_PAUSE) > 0 ? interval : LONGEST_PAUSE;
        this.longerPause = IntervalFunction.ofExponentialRandomBackoff(interval, 1.5, 0.2, longest);
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
        throw noPrimary(deadline, attempts);
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
        if (strict && tracker.unconfirmed(route)) {
            tracker.awaitChange(route, deadline.leftNanos(), abandoned);
            return null;
        }
        if (route.verified() && address != null) {
            // A thundering herd of handshakes would slow down the very primary that everybody waits for.
            Semaphore connects = tracker.connects();
            if (!connects.tryAcquire(Math.max(deadline.leftNanos(), 0), TimeUnit.NANOSECONDS)) {
                attempts.add(address, "other connections are being opened, connectLimit at a time");
                return null;
            }
            try {
                return tracker.route() == route ? join(route, address, attempts, deadline) : null;
            } finally {
                connects.release();
            }
        }
        boolean ask = mustAskMembers(route);
        if (!ask && (!route.held() || address == null)) {
            tracker.awaitChange(route, deadline.leftNanos(), abandoned);
            return null;
        }
        ProberSeat.Claim claim = tracker.startProbing(route, ask);
        if (claim == null) {
            tracker.awaitProbe(route, ask, deadline.leftNanos(), abandoned);
            return null;
        }
        try {
            return ask ? askMembers(route, claim, attempts, deadline) : prove(route, claim, attempts, deadline);
        } finally {
            tracker.stopProbing(claim);
        }
    }

    /** What the members say of themselves is no confirmation where a source has to give one. */
    private boolean mustAskMembers(Route route) {
        return !strict && tracker.mustAskMembers(route);
    }

    /** Opens a further session in an epoch that is proven. */
    private @Nullable OpenSession join(Route route, HostPort address, Attempts attempts, Deadline deadline)
            throws SQLException {
        OpenSession session;
        try {
            session = tracker.opener().open(address, spec, deadline);
        } catch (SQLException e) {
            giveUpUnlessTransient(e, fresh(route));
            attempts.add(address, e, deadline);
            tracker.suspect(address);
            return null;
        }
        try {
            Standing standing = Standing.reported(session.connection());
            // Behind a mapped address may be a pooler, which repeats what some server reported to it once.
            boolean mapped = !tracker.config().memberMap().isEmpty();
            if (standing == null || mapped || (!standing.inRecovery() && standing.readOnly())) {
                standing = ask(session, deadline);
            }
            String refusal = refusal(route, standing);
            tracker.aliases().learn(session);
            if (refusal == null
                    && tracker.route().epoch() == route.epoch()
                    && !session.socket().aborted()) {
                return session;
            }
            attempts.add(address, refusal == null ? "lost the lock meanwhile" : refusal);
        } catch (SQLException e) {
            attempts.add(address, e, deadline);
        }
        session.discard(tracker.sockets());
        tracker.suspect(address);
        return null;
    }

    /** Opens a session to a leader that has not proven itself yet, and stays on it until it does. */
    private @Nullable OpenSession prove(Route route, ProberSeat.Claim claim, Attempts attempts, Deadline deadline)
            throws SQLException, InterruptedException {
        HostPort address = java.util.Objects.requireNonNull(route.address());
        for (int attempt = 1; mayProve(route) && !deadline.passed(); attempt++) {
            OpenSession session = null;
            claim.alive();
            try {
                session = tracker.opener().open(address, spec, deadline);
                tracker.aliases().learn(session);
                Standing standing = awaitWritable(session, route, claim, attempts, deadline);
                if (standing != null && tracker.verified(route, standing)) {
                    OpenSession proven = session;
                    session = null;
                    return proven;
                }
            } catch (SQLException e) {
                giveUpUnlessTransient(e, fresh(route));
                attempts.add(address, e, deadline);
                tracker.unreachable(route, Attempts.reason(e));
            } finally {
                if (session != null) {
                    session.discard(tracker.sockets());
                }
            }
            pause(route, attempt, deadline);
        }
        return null;
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
        T answer = question.ask(connection);
        connection.setNetworkTimeout(DIRECT, before);
        return answer;
    }

    /** Null: this session will not prove it. */
    private @Nullable Standing awaitWritable(
            OpenSession session, Route route, ProberSeat.Claim claim, Attempts attempts, Deadline deadline)
            throws SQLException, InterruptedException {
        while (mayProve(route) && !deadline.passed()) {
            claim.alive();
            Standing standing = ask(session, deadline);
            String refusal = refusal(route, standing);
            if (refusal == null) {
                return standing;
            }
            attempts.add(session.address(), refusal);
            if (!standing.inRecovery()) {
                // Another cluster or a primary of the past: asking again will not change it soon.
                tracker.unreachable(route, refusal);
                session.discard(tracker.sockets());
                if (!standing.readOnly()) {
                    tracker.shun(session.address(), refusal);
                }
                return null;
            }
            pause(route, 1, deadline);
        }
        return null;
    }

    /** No source can tell: the members are asked, all at once. */
    private @Nullable OpenSession askMembers(Route route, ProberSeat.Claim claim, Attempts attempts, Deadline deadline)
            throws SQLException, InterruptedException {
        for (int attempt = 1; sameEpoch(route) && tracker.mustAskMembers(tracker.route()); attempt++) {
            claim.alive();
            MemberPoll.Answer answer = poll.ask(tracker.everybody(), deadline, attempts);
            if (answer != null) {
                tracker.aliases().learn(answer.session());
                if (tracker.found(route, answer.session().address(), answer.standing())) {
                    return answer.session();
                }
                answer.session().discard(tracker.sockets());
                return null;
            }
            HostPort known = route.address();
            if (known != null) {
                tracker.unreachable(route, "no member takes writes: " + attempts);
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
        ProberSeat.Claim claim = tracker.startProbing(route, true);
        if (claim == null) {
            return;
        }
        Attempts attempts = new Attempts();
        try {
            MemberPoll.Answer answer = poll.ask(tracker.everybody(), Deadline.in(tracker.longestAnswer()), attempts);
            if (answer != null) {
                tracker.aliases().learn(answer.session());
                tracker.found(route, answer.session().address(), answer.standing());
                answer.session().discard(tracker.sockets());
            }
        } catch (SQLException e) {
            // Nobody waits for it: whoever connects next is told.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            tracker.stopProbing(claim);
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
                tracker.shun(address, String.valueOf(refusal));
            } else if (refusal == null && address.equals(route.address()) && !tracker.mustAskMembers(route)) {
                tracker.verified(route, standing);
            }
        } catch (SQLException e) {
            // It stays suspected: whoever connects next proves it, and says why that fails.
            if (session != null) {
                session.discard(tracker.sockets());
            }
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
        return sameEpoch(route) && !mustAskMembers(now) && !(strict && tracker.unconfirmed(now));
    }

    private void pause(Route route, int attempt, Deadline deadline) throws InterruptedException {
        long millis = (fresh(route) ? freshPause : longerPause).apply(Math.min(attempt, 20));
        long nanos = Math.min(Duration.ofMillis(millis).toNanos(), deadline.leftNanos());
        if (fresh(route)) {
            // What the asking adds is a small share of what the promotion took, however short that was.
            long waited = System.nanoTime() - route.sinceNanos();
            nanos = Math.min(nanos, Math.max(waited / SHARE_OF_THE_WAIT, SHORTEST_PAUSE_NANOS));
        }
        Route now = tracker.route();
        if (sameEpoch(route) && nanos > 0) {
            tracker.awaitChange(now, nanos, abandoned);
        }
    }

    private static boolean fresh(Route route) {
        return route.epoch() > 1 && System.nanoTime() - route.sinceNanos() < FRESH.toNanos();
    }

    /**
     * Waiting helps against a member that is down, starting or stopping, and in the rush after an election against one
     * that has no room for another client yet; it helps against nothing else.
     */
    static void giveUpUnlessTransient(SQLException failure, boolean freshlyElected) throws SQLException {
        String state = failure.getSQLState();
        boolean transientFailure = state != null
                && ((state.startsWith("08") && !state.equals(REJECTED))
                        || state.startsWith("57P")
                        || (freshlyElected && state.equals(TOO_MANY_CONNECTIONS)));
        if (!transientFailure || isAboutCertificates(failure)) {
            throw failure;
        }
    }

    private static boolean isAboutCertificates(Throwable failure) {
        for (Throwable t = failure; t != null; t = t.getCause()) {
            // PgJDBC says nothing else of a certificate for another name; its text is translated, this word is not.
            if (t instanceof CertificateException
                    || String.valueOf(t.getMessage()).contains(NAME_VERIFIER)) {
                return true;
            }
        }
        return false;
    }

    /** What is thrown by a connection that wants the leader confirmed, at its deadline. */
    SQLException unconfirmed(Duration waited) {
        Route route = tracker.route();
        return new SQLTransientConnectionException(
                "no source has confirmed the leader of " + tracker.name() + " for Patroni's ttl: " + whatIsKnown(route)
                        + ". leaderProof=strict: the call waited " + waited.toMillis()
                        + " ms, and nothing was sent. Bring the source back, or set leaderProof=available to go on with"
                        + " what PostgreSQL itself proves",
                "08001");
    }

    private String whatIsKnown(Route route) {
        if (route.silence() != null) {
            return "the leader source cannot tell (" + route.silence() + ")";
        }
        if (!tracker.hasSource()) {
            return "no leader source is configured, the members were asked";
        }
        if (!route.heard()) {
            return "the leader source has not answered yet";
        }
        return route.held()
                ? "the lock is held by " + route.leaderText()
                : "nobody holds the lock, last " + route.leaderText();
    }

    private SQLException noPrimary(Deadline deadline, Attempts attempts) {
        Route route = tracker.route();
        if (strict && tracker.unconfirmed(route)) {
            return unconfirmed(deadline.length());
        }
        return new SQLTransientConnectionException(
                "no writable primary of " + tracker.name() + " within "
                        + deadline.length().toMillis() + " ms: " + whatIsKnown(route) + "; " + attempts
                        + ". Nothing was sent. Check the cluster, or raise failoverTimeout",
                "08001",
                attempts.newest());
    }
}
