package io.github.pgbaton.internal.routing;

import io.github.pgbaton.config.ConnectionSpec;
import io.github.pgbaton.internal.probe.Deadline;
import io.github.pgbaton.internal.probe.OpenSession;
import io.github.pgbaton.internal.probe.Standing;
import io.github.pgbaton.topology.HostPort;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/**
 * Asks all members at once who is the primary, when no leader source can tell; of several that say yes the one on the
 * highest timeline wins, and every other session is closed again.
 */
final class MemberPoll {
    /** How long the others may still answer once one member has said it is the primary: a newer one may be among them. */
    private static final long GRACE_NANOS = TimeUnit.MILLISECONDS.toNanos(250);

    /** How long a round waits for a further answer. */
    private static final long ROUND_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

    private final LeaderTracker tracker;
    private final ConnectionSpec spec;
    private final BiFunction<Route, Standing, @Nullable String> refusal;

    /**
     * @param session open on the member
     * @param standing what it said
     */
    record Answer(OpenSession session, Standing standing) {}

    private record Reply(
            HostPort address,
            @Nullable Answer answer,
            @Nullable SQLException failure) {}

    MemberPoll(LeaderTracker tracker, ConnectionSpec spec, BiFunction<Route, Standing, @Nullable String> refusal) {
        this.tracker = tracker;
        this.spec = spec;
        this.refusal = refusal;
    }

    /** Null: no member says it is the primary; the attempts tell why. */
    @Nullable
    Answer ask(Collection<HostPort> members, Deadline deadline, Attempts attempts)
            throws SQLException, InterruptedException {
        Round round = new Round();
        int left = 0;
        for (HostPort member : members) {
            // One that still owes its last answer, for it is frozen or cut off, is not asked again meanwhile.
            if (tracker.polls().ask(member, () -> ask(member, deadline), round::deliver)) {
                left++;
            }
        }
        Answer best = null;
        Refusals refusals = new Refusals(members.size());
        boolean finished = false;
        try {
            // Where nobody says anything at all, the round ends with the longest that one of them may take.
            long until =
                    System.nanoTime() + deadline.left(tracker.longestAnswer()).toNanos();
            for (; left > 0; left--) {
                Reply reply = round.replies.poll(Math.max(until - System.nanoTime(), 0), TimeUnit.NANOSECONDS);
                if (reply == null) {
                    break;
                }
                if (reply.failure != null) {
                    attempts.add(reply.address, reply.failure, deadline);
                    refusals.failed(reply.failure);
                } else if (reply.answer != null) {
                    refusals.letIn();
                    best = better(best, reply.answer, attempts);
                }
                // The one that says nothing must not keep the others from being asked again.
                until = Math.min(until, System.nanoTime() + (best == null ? ROUND_NANOS : GRACE_NANOS));
            }
            SQLException hopeless = best == null ? refusals.hopeless() : null;
            if (hopeless != null) {
                throw hopeless;
            }
            finished = true;
            return best;
        } finally {
            round.end();
            if (!finished && best != null) {
                best.session.discard(tracker.sockets());
            }
        }
    }

    /** The answers to one question; one that comes after the round has ended gives its session back by itself. */
    private final class Round {
        final BlockingQueue<Reply> replies = new LinkedBlockingQueue<>();
        private final ReentrantLock lock = new ReentrantLock();
        private boolean over;

        void deliver(Reply reply) {
            lock.lock();
            try {
                if (!over) {
                    replies.add(reply);
                    return;
                }
            } finally {
                lock.unlock();
            }
            discard(reply);
        }

        void end() {
            List<Reply> late = new ArrayList<>();
            lock.lock();
            try {
                over = true;
                replies.drainTo(late);
            } finally {
                lock.unlock();
            }
            late.forEach(this::discard);
        }

        private void discard(Reply reply) {
            if (reply.answer != null) {
                reply.answer.session.discard(tracker.sockets());
            }
        }
    }

    private Reply ask(HostPort member, Deadline deadline) {
        OpenSession session = null;
        try {
            session = tracker.opener().open(member, spec, deadline);
            return new Reply(member, new Answer(session, Questions.standing(session, deadline)), null);
        } catch (SQLException | RuntimeException | Error e) {
            if (session != null) {
                session.discard(tracker.sockets());
            }
            // An error, as of a class that cannot be loaded, is one member's failure: nobody would hear of it
            // otherwise.
            return new Reply(member, null, Attempts.failure(e));
        } catch (InterruptedException e) {
            // Only the opening can be, when the tracker ends, and there is no session yet.
            Thread.currentThread().interrupt();
            return new Reply(member, null, Attempts.failure(e));
        }
    }

    private @Nullable Answer better(@Nullable Answer best, Answer answer, Attempts attempts) {
        Standing standing = answer.standing;
        String why = refusal.apply(tracker.route(), standing);
        if (why == null && best != null && best.standing.timeline() >= standing.timeline()) {
            why = "an older primary than " + best.session.address();
        }
        if (why != null) {
            attempts.add(answer.session.address(), why);
            answer.session.discard(tracker.sockets());
            if (standing.inRecovery()
                    || tracker.fence().refuse(standing, tracker.route().topology()) != null) {
                tracker.memberNews().shun(answer.session.address(), why);
            }
            return best;
        }
        if (best != null) {
            best.session.discard(tracker.sockets());
        }
        return answer;
    }
}
