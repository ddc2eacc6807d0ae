package io.github.pgbaton.internal.rest;

import io.github.pgbaton.internal.socket.Loop;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/** Wakes the poller a moment before a scheduled switchover is due; one alarm at most. Confined to the loop. */
final class SwitchoverPlan {
    private static final Duration LEAD = Duration.ofSeconds(1);
    private static final Duration FARTHEST = Duration.ofDays(30);

    private final Loop loop;
    private final Runnable alarm;
    private @Nullable Instant due;
    private @Nullable Future<?> timer;

    SwitchoverPlan(Loop loop, Runnable alarm) {
        this.loop = loop;
        this.alarm = alarm;
    }

    /** @param at what the cluster says now, null where nothing is scheduled */
    void update(@Nullable Instant at) {
        if (Objects.equals(at, due)) {
            return;
        }
        cancel();
        due = at;
        Duration until = at == null ? Duration.ZERO : Duration.between(Instant.now(), at.minus(LEAD));
        if (at != null && !until.isNegative() && until.compareTo(FARTHEST) < 0) {
            timer = loop.after(until, alarm);
        }
    }

    /** Whether it is due now, or was so recently that Patroni may still be about it. */
    boolean isDue(Duration recently) {
        Instant now = Instant.now();
        return due != null && now.isAfter(due.minus(LEAD).minusMillis(10)) && now.isBefore(due.plus(recently));
    }

    void cancel() {
        if (timer != null) {
            timer.cancel(false);
        }
    }
}
