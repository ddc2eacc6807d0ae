package io.github.pgbaton.examples.chaos;

import io.github.pgbaton.event.FailoverEvent;
import io.github.pgbaton.event.FailoverEvent.CommitsAudited;
import io.github.pgbaton.event.FailoverListener;

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
        }
    }

    synchronized long lost() {
        return lost;
    }

    /** Whether so many lost commits are no more than was told, or than was said to be unknown. */
    synchronized boolean covers(long missing) {
        return moreMayBeLost || missing <= lost + unknown;
    }
}
