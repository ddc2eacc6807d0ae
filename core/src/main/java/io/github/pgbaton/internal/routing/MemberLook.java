package io.github.pgbaton.internal.routing;

import io.github.pgbaton.config.ConnectionSpec;
import io.github.pgbaton.internal.probe.Deadline;
import io.github.pgbaton.internal.probe.OpenSession;
import io.github.pgbaton.internal.probe.Standing;
import io.github.pgbaton.topology.HostPort;
import java.sql.SQLException;

/**
 * Looks at members with one caller's credentials while no caller waits for it: what it learns is told to the tracker, what
 * fails is told to nobody, and no session is left of it. Thread-safe.
 */
final class MemberLook {
    private final LeaderTracker tracker;
    private final ConnectionSpec spec;
    private final PrimaryRule rule;
    private final MemberPoll poll;

    MemberLook(LeaderTracker tracker, ConnectionSpec spec) {
        this.tracker = tracker;
        this.spec = spec;
        this.rule = new PrimaryRule(tracker, spec);
        this.poll = new MemberPoll(tracker, spec, rule::refusal);
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
            Standing standing = Questions.standing(session, deadline);
            String refusal = rule.refusal(route, standing);
            boolean demoted = standing.inRecovery() || tracker.fence().refuse(standing, route.topology()) != null;
            session.discard(tracker.sockets());
            if (demoted) {
                tracker.memberNews().shun(address, String.valueOf(refusal));
            } else if (refusal == null
                    && route.address() != null
                    && tracker.aliases().same(route.address(), address)
                    && !tracker.confirmation().mustAskMembers(route)) {
                tracker.memberNews().verified(route, standing);
            }
        } catch (SQLException e) {
            // It stays suspected: whoever connects next proves it, and says why that fails.
            if (session != null) {
                session.discard(tracker.sockets());
            }
        } catch (InterruptedException e) {
            // Only the opening can be, and there is no session yet.
            Thread.currentThread().interrupt();
        }
    }
}
