package io.github.pgbaton.internal.routing;

import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * Knows whether a source confirms the leader, and who is to be asked where none does; a doubt that lasts for Patroni's ttl
 * is told once, and once per ttl what was proven before has to be proven again.
 *
 * <p>Changed by a {@link CurrentRoute.Change}, read without its lock.
 */
final class Confirmation {
    private static final long MILLI = TimeUnit.MILLISECONDS.toNanos(1);

    private final CurrentRoute current;
    private final ScheduledExecutorService timer;
    private final FailoverLog log;
    private final Runnable askMembers;
    private final boolean hasSource;
    private final ProofClock proof = new ProofClock();
    private boolean watching;

    /** @param askMembers begins to, on a thread of its own, for all who have a session already */
    Confirmation(
            CurrentRoute current,
            ScheduledExecutorService timer,
            FailoverLog log,
            Runnable askMembers,
            boolean hasSource) {
        this.current = current;
        this.timer = timer;
        this.log = log;
        this.askMembers = askMembers;
        this.hasSource = hasSource;
    }

    /**
     * Whether the members themselves have to be asked: there is no source, or it cannot tell, or nobody has held the lock
     * for a whole ttl although a primary may be at work without it, as it may while Patroni is paused or failsafe.
     */
    boolean mustAskMembers(Route now) {
        return !hasSource || now.silence() != null || (!now.held() && mayWorkWithoutLock(now) && unproven(now));
    }

    private static boolean mayWorkWithoutLock(Route now) {
        return now.topology().settings().paused() || now.topology().settings().failsafe();
    }

    /** Whether no source has confirmed a leader for Patroni's ttl; one volatile read while one does. */
    private boolean unproven(Route now) {
        return hasSource && proof.expired(now.topology().settings().ttl());
    }

    /** Whether a connection that wants the leader confirmed by a source may begin nothing now. */
    boolean missing(Route now) {
        return unproven(now) || now.asked();
    }

    /** A source names a leader; under the lock of the route. */
    void given(String leader) {
        if (proof.confirm()) {
            log.provenAgain(leader);
        }
    }

    /** No source names a leader any more; under the lock of the route. */
    void doubted() {
        proof.doubt();
        if (!watching) {
            watching = watchIn(proof.left(current.now().topology().settings().ttl()));
        }
    }

    private boolean watchIn(long nanos) {
        try {
            timer.schedule(this::watch, Math.max(nanos, MILLI) + MILLI, TimeUnit.NANOSECONDS);
            return true;
        } catch (RejectedExecutionException e) {
            // Closed meanwhile: nobody connects any more.
            return false;
        }
    }

    /** A doubt has lasted for a ttl, or for one more: what PostgreSQL proved is old, and it is to prove it again. */
    private void watch() {
        boolean ask = false;
        try (CurrentRoute.Change change = current.change()) {
            Route now = change.route();
            Duration ttl = now.topology().settings().ttl();
            watching = !proof.confirmed();
            if (watching && !proof.expired(ttl)) {
                watching = watchIn(proof.left(ttl));
            } else if (watching) {
                ask = mustAskMembers(now);
                if (proof.tell()) {
                    log.unproven(ttl, now.silence(), now.leaderText(), ask);
                }
                change.unverified();
                watching = watchIn(ttl.toNanos());
            }
        }
        // Once in a ttl, so that sessions at work learn of a newer primary that no source tells them of.
        if (ask) {
            askMembers.run();
        }
    }
}
