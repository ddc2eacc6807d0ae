package io.github.pgbaton.examples.chaos;

import io.github.pgbaton.event.FailoverEvent;
import io.github.pgbaton.event.FailoverEvent.CommitsAudited;
import io.github.pgbaton.event.FailoverListener;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** What the driver's own audits told of commits that a failover lost; only grows. Thread-safe. */
final class Audited implements FailoverListener {
    private long lost;
    private long unknown;
    private boolean moreMayBeLost;

    @Override
    public synchronized void on(FailoverEvent event) {
        if (event instanceof CommitsAudited audit) {
            lost += audit.lost().size();
            unknown += audit.unknown();
            moreMayBeLost |= audit.moreMayBeLost();
            notifyAll();
        }
    }

    synchronized long lost() {
        return lost;
    }

    /** Whether so many lost commits are no more than was told, or than was said to be unknown. */
    synchronized boolean covers(long missing) {
        return moreMayBeLost || missing <= lost + unknown;
    }

    /** As {@link #covers}, once it does so, or the time is up: an audit comes after its failover. */
    synchronized boolean awaitCovers(long missing, Duration longest) throws InterruptedException {
        long end = System.nanoTime() + longest.toNanos();
        for (long left = longest.toNanos(); !covers(missing) && left > 0; left = end - System.nanoTime()) {
            TimeUnit.NANOSECONDS.timedWait(this, left);
        }
        return covers(missing);
    }
}
