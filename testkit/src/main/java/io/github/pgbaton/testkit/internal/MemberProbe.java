package io.github.pgbaton.testkit.internal;

import io.github.pgbaton.testkit.ClusterException;
import io.github.pgbaton.testkit.Truth.Interval;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes to one member all the time and notes when a write is acknowledged; a write counts from the moment its
 * acknowledgement arrives.
 *
 * <p>A member that is silent needs no short timeout: half a second without an acknowledgement ends the interval, and
 * the answer to the waiting probe, should it come, is the first one of the next. So a frozen member costs one waiting
 * socket, not a hundred attempts a second.
 */
final class MemberProbe {
    /** Without an acknowledgement for this long, a member does not accept writes. */
    private static final long SILENCE_NANOS = Duration.ofMillis(500).toNanos();

    private static final Duration TIMEOUT = Duration.ofSeconds(5);
    private static final long WRITE_PAUSE_MILLIS = 10;
    private static final long CALM_PAUSE_MILLIS = 20;
    private static final long TENSE_PAUSE_MILLIS = 5;

    private static final Logger LOG = LoggerFactory.getLogger(MemberProbe.class);

    private final Observer observer;
    private final int index;
    private final String member;
    private final BooleanSupplier calm;
    private final Thread thread;
    private final CountDownLatch answered = new CountDownLatch(1);
    private final List<Interval> closedIntervals = new ArrayList<>();
    private @Nullable Interval current;
    private @Nullable RawPostgres session;
    private boolean closed;

    /** The probe of one member; {@code calm} says whether some member accepts writes, so that there is no hurry. */
    MemberProbe(Observer observer, int index, String member, BooleanSupplier calm) {
        this.observer = observer;
        this.index = index;
        this.member = member;
        this.calm = calm;
        this.thread = new Thread(this::run, "testkit-truth-" + member);
        this.thread.setDaemon(true);
    }

    void start() {
        thread.start();
    }

    String member() {
        return member;
    }

    void awaitFirstAnswer(Duration deadline) {
        try {
            if (!answered.await(deadline.toMillis(), TimeUnit.MILLISECONDS)) {
                LOG.debug("{} is silent", member);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        while (!isClosed()) {
            try (RawPostgres opened = observer.connect(index, TIMEOUT)) {
                setSession(opened);
                probe(opened);
            } catch (IOException e) {
                refused();
            } catch (ClusterException e) {
                // Interrupted, which only close() does.
                return;
            }
            try {
                Waiting.pause(calm.getAsBoolean() ? CALM_PAUSE_MILLIS : 2 * TENSE_PAUSE_MILLIS);
            } catch (ClusterException e) {
                return;
            }
        }
    }

    private void probe(RawPostgres opened) throws IOException {
        opened.query("SET synchronous_commit = local");
        while (opened.query("SELECT pg_is_in_recovery()").get(0).get(0).equals("t")) {
            answered.countDown();
            Waiting.pause(calm.getAsBoolean() ? CALM_PAUSE_MILLIS : TENSE_PAUSE_MILLIS);
        }
        String write = observer.probe(index);
        while (true) {
            opened.query(write);
            acknowledged();
            Waiting.pause(WRITE_PAUSE_MILLIS);
        }
    }

    private synchronized void acknowledged() {
        long now = System.nanoTime();
        endSilence(now);
        Interval open = current;
        current = open == null
                ? new Interval(member, now, now, true, Instant.now())
                : new Interval(member, open.fromNanos(), now, true, open.from());
        answered.countDown();
    }

    private synchronized void refused() {
        end();
        answered.countDown();
    }

    private void endSilence(long now) {
        if (current != null && now - current.toNanos() > SILENCE_NANOS) {
            end();
        }
    }

    private void end() {
        Interval open = current;
        if (open != null) {
            closedIntervals.add(new Interval(member, open.fromNanos(), open.toNanos(), false, open.from()));
            current = null;
        }
    }

    synchronized boolean isWritable() {
        endSilence(System.nanoTime());
        return current != null;
    }

    /** The last acknowledgement of the open interval; only for a writable member. */
    synchronized long lastAcknowledged() {
        return current == null ? Long.MIN_VALUE : current.toNanos();
    }

    synchronized List<Interval> intervals() {
        endSilence(System.nanoTime());
        List<Interval> all = new ArrayList<>(closedIntervals);
        if (current != null) {
            all.add(current);
        }
        return all;
    }

    private synchronized boolean isClosed() {
        return closed;
    }

    private synchronized void setSession(RawPostgres opened) {
        session = opened;
    }

    /** Ends the thread, wherever it waits. */
    void close() {
        synchronized (this) {
            closed = true;
            if (session != null) {
                try {
                    session.close();
                } catch (IOException e) {
                    // It is closed then.
                }
            }
        }
        thread.interrupt();
    }
}
