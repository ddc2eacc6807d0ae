package io.github.pgbaton.internal.session;

import io.github.pgbaton.internal.outcome.Backend;
import io.github.pgbaton.internal.outcome.Committer;
import io.github.pgbaton.internal.outcome.Continuity;
import io.github.pgbaton.internal.probe.Deadline;
import io.github.pgbaton.internal.probe.OpenSession;
import io.github.pgbaton.internal.replay.Journal;
import io.github.pgbaton.internal.replay.ReplayMismatchException;
import io.github.pgbaton.internal.routing.ClusterRef;
import io.github.resilience4j.core.IntervalFunction;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.postgresql.core.TransactionState;

/**
 * Replays a transaction whose COMMIT was never sent: gives back a session only when every step did again what the
 * application has seen of it, and the transaction is open there, up to its last step.
 *
 * <p>A session that breaks meanwhile, and a conflict with another transaction, begin it anew, always against what the
 * application saw first. Serves one replacement.
 */
final class Replaying {
    /** Its own random part would be cut off at the longest pause, and all would come back in step once they have come to it. */
    private static final IntervalFunction PAUSE =
            IntervalFunction.ofExponentialBackoff(Duration.ofMillis(20), 2, Duration.ofMillis(666));

    private static final String NOT_PROVEN =
            "no commit that this JVM was told of since proves that the primary of now gives it to nobody else";

    /**
     * @param session inside the transaction
     * @param committer of that session
     */
    record Replayed(OpenSession session, Committer committer) {}

    private final ClusterRef cluster;
    private final Restoring restoring;
    private final Journal journal;
    private volatile @Nullable OpenSession replayingOn;
    private final Spare spare;
    private final boolean onlyRead;
    /** Whether PostgreSQL waited for nothing but its rollback, be it to a savepoint. */
    private final boolean failed;

    /**
     * @param dead the session it ran on: on a replica it may run on any; what ran on the primary may have written
     * @param spare is tried before a session is opened
     */
    Replaying(ClusterRef cluster, Restoring restoring, Journal journal, OpenSession dead, Spare spare) {
        this.onlyRead = dead.onReplica();
        this.failed = failed(dead);
        this.cluster = cluster;
        this.restoring = restoring;
        this.journal = journal;
        this.spare = spare;
    }

    /**
     * @param deadline for all of it; a step that is still running then is broken off
     * @param cancelled whether the caller no longer wants it
     * @return a session inside the transaction
     * @throws ReplayMismatchException where the transaction cannot be what it was
     * @throws SQLException 08001 without a primary in time
     */
    Replayed open(Deadline deadline, BooleanSupplier cancelled) throws SQLException {
        for (int attempt = 1; ; attempt++) {
            OpenSession fresh = onlyRead
                    ? restoring.open(cluster, deadline, cancelled)
                    : restoring.openOnPrimary(cluster, deadline, cancelled, spare);
            SQLException refused = restoring.refused();
            if (refused != null) {
                cluster.discard(fresh);
                throw new ReplayMismatchException("the new session refused a setting (" + refused.getMessage() + ")");
            }
            boolean replayed = false;
            @Nullable Backend own = null;
            replayingOn = fresh;
            if (cancelled.getAsBoolean()) {
                // Whoever cancelled may have come before there was a session to end.
                fresh.socket().abort();
            }
            try (Arrivals.Arrival arriving = restoring.arrivals().of(fresh);
                    ClusterRef.Limit limit = cluster.limit(fresh, deadline)) {
                Committer committer = Committer.open(cluster, fresh);
                own = committer.backend();
                journal.judge(told -> Continuity.proven(cluster, fresh, told, deadline) ? null : NOT_PROVEN);
                journal.replay(fresh.connection());
                if (failed(fresh) != failed) {
                    throw new ReplayMismatchException(
                            failed ? "something failed in it of which no step tells" : "it has failed now");
                }
                replayed = limit.kept();
                if (replayed) {
                    return new Replayed(fresh, committer);
                }
                throw timeUp();
            } catch (ReplayMismatchException e) {
                throw e;
            } catch (RuntimeException e) {
                // What an application bound may have become unusable. It is told once, and not again by every later
                // call.
                throw new ReplayMismatchException("a step could not be made again (" + e + ")");
            } catch (SQLException e) {
                boolean gone = Losses.isLoss(e, fresh);
                if (restoring.arrivals().closed()) {
                    throw HeldSession.closedException();
                }
                if (deadline.passed()) {
                    throw timeUp();
                }
                if (!gone && !isConflict(e)) {
                    throw new ReplayMismatchException(
                            "a step failed that had succeeded before (" + e.getMessage() + ")");
                }
                if (gone && !cancelled.getAsBoolean()) {
                    cluster.suspect(fresh);
                }
            } finally {
                replayingOn = null;
                if (!replayed) {
                    journal.abandon();
                    cluster.discard(fresh);
                    restoring.ghost(own);
                }
            }
            rest(attempt, deadline);
        }
    }

    /** Ends the step that is under way, from any thread; {@code cancelled} is true by now. */
    void cancel() {
        OpenSession now = replayingOn;
        if (now != null) {
            now.socket().abort();
        }
    }

    static boolean failed(OpenSession session) {
        return session.connection().getTransactionState() == TransactionState.FAILED;
    }

    private static ReplayMismatchException timeUp() {
        return new ReplayMismatchException("it was not done within failoverTimeout");
    }

    /** A serialization failure or a deadlock with another transaction, as they happen to anybody. */
    private static boolean isConflict(SQLException failure) {
        String state = failure.getSQLState();
        return state != null && state.startsWith("40");
    }

    /**
     * After a failover every interrupted transaction runs again at once: those that collide must not do so in step.
     *
     * @param attempt from one
     * @return milliseconds, half as long to half as long again as others of that attempt; a second at most
     */
    static long pause(int attempt) {
        long half = PAUSE.apply(attempt) / 2;
        return half + ThreadLocalRandom.current().nextLong(2 * half + 1);
    }

    private static void rest(int attempt, Deadline deadline) throws SQLException {
        long millis = Math.min(pause(attempt), TimeUnit.NANOSECONDS.toMillis(deadline.leftNanos()));
        try {
            TimeUnit.MILLISECONDS.sleep(Math.max(0, millis));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ReplayMismatchException("the thread was interrupted");
        }
    }
}
