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
import java.util.concurrent.CompletionService;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/**
 * Asks all members at once who is the primary, when no leader source can tell; of several that say yes the one on the
 * highest timeline wins, and every other session is closed again.
 */
final class MemberPoll {
    /** How long the others may still answer once one member has said it is the primary: a newer one may be among them. */
    private static final long GRACE_NANOS = TimeUnit.MILLISECONDS.toNanos(250);

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
        CompletionService<Reply> replies = new ExecutorCompletionService<>(tracker.probes());
        List<Future<Reply>> pending = new ArrayList<>();
        for (HostPort member : members) {
            pending.add(replies.submit(() -> ask(member, deadline)));
        }
        Answer best = null;
        SQLException hopeless = null;
        boolean finished = false;
        try {
            long until = System.nanoTime() + Math.max(deadline.leftNanos(), 1);
            for (int left = pending.size(); left > 0; left--) {
                Future<Reply> done = replies.poll(Math.max(until - System.nanoTime(), 0), TimeUnit.NANOSECONDS);
                if (done == null) {
                    break;
                }
                pending.remove(done);
                Reply reply = result(done);
                if (reply.failure != null) {
                    attempts.add(reply.address, reply.failure, deadline);
                    hopeless = hopeless == null ? whyHopeless(reply.failure) : hopeless;
                } else if (reply.answer != null) {
                    Answer better = better(best, reply.answer, attempts);
                    if (best == null && better != null) {
                        until = Math.min(until, System.nanoTime() + GRACE_NANOS);
                    }
                    best = better;
                }
            }
            if (best == null && hopeless != null) {
                throw hopeless;
            }
            finished = true;
            return best;
        } finally {
            pending.forEach(this::closeLater);
            if (!finished && best != null) {
                best.session.discard(tracker.sockets());
            }
        }
    }

    private Reply ask(HostPort member, Deadline deadline) {
        OpenSession session = null;
        try {
            session = tracker.opener().open(member, spec, deadline);
            Standing standing = PrimaryConnector.ask(session, deadline);
            return new Reply(member, new Answer(session, standing), null);
        } catch (SQLException e) {
            if (session != null) {
                session.discard(tracker.sockets());
            }
            return new Reply(member, null, e);
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
            return best;
        }
        if (best != null) {
            best.session.discard(tracker.sockets());
        }
        return answer;
    }

    private static @Nullable SQLException whyHopeless(SQLException failure) {
        try {
            PrimaryConnector.giveUpUnlessTransient(failure, true);
            return null;
        } catch (SQLException e) {
            return e;
        }
    }

    private static Reply result(Future<Reply> done) throws InterruptedException {
        try {
            return done.get();
        } catch (ExecutionException e) {
            throw new IllegalStateException("asking a member failed unexpectedly", e.getCause());
        }
    }

    /** An answer that came too late must not leave its session open; its own thread closes it. */
    private void closeLater(Future<Reply> pending) {
        tracker.probes().execute(() -> {
            try {
                Answer answer = pending.get().answer;
                if (answer != null) {
                    answer.session.discard(tracker.sockets());
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } catch (ExecutionException e) {
                // It opened nothing.
            }
        });
    }
}
