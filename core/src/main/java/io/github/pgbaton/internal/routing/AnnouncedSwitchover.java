package io.github.pgbaton.internal.routing;

import io.github.pgbaton.topology.Topology;
import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * Begins and ends the hold of new transactions as a source announces switchovers; each hold that begins ends, by news or
 * by the clock, and both are told.
 *
 * <p>Changed by a {@link CurrentRoute.Change}, read without its lock.
 */
final class AnnouncedSwitchover {
    private final CurrentRoute current;
    private final ScheduledExecutorService timer;
    private final FailoverLog log;
    private final Duration longest;
    private final SwitchoverHold hold;

    AnnouncedSwitchover(CurrentRoute current, ScheduledExecutorService timer, FailoverLog log, Duration longest) {
        this.current = current;
        this.timer = timer;
        this.log = log;
        this.longest = longest;
        this.hold = new SwitchoverHold(longest);
    }

    /** Whether a new transaction should wait; one volatile read while there is no announcement. */
    boolean holds() {
        return hold.active();
    }

    /** How long a transaction is still held; zero or less: not at all. */
    long leftNanos() {
        return hold.leftNanos();
    }

    /** Takes a new snapshot; under the lock of the route, which has become what the snapshot makes of it. */
    void published(Route old, Topology snapshot) {
        boolean held = hold.announcedAndOpen();
        if (hold.update(old, snapshot)) {
            log.holding("a switchover of " + old.leaderText() + " is announced", longest);
            expireLater();
            return;
        }
        if (held && !hold.announcedAndOpen()) {
            log.holdEnded(hold.held(), current.now().epoch() != old.epoch());
        }
        if (hold.withdrawn(old, snapshot)) {
            log.withdrawn("the announced switchover was withdrawn");
        }
    }

    private void expireLater() {
        try {
            timer.schedule(this::expired, longest.toMillis() + 1, TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException e) {
            // Closed meanwhile: nobody waits any more.
        }
    }

    /** The hold has lasted its longest, unless news ended it before. */
    private void expired() {
        try (CurrentRoute.Change ignored = current.change()) {
            if (hold.expire()) {
                log.holdEnded(hold.held(), false);
            }
        }
    }
}
