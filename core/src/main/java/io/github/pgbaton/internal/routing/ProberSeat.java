package io.github.pgbaton.internal.routing;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The seat of the one thread that proves the primary: it is taken by one at a time for one epoch and one way of asking,
 * and neither the prober of another epoch nor one that shows no progress keeps it.
 *
 * <p>A prober can be stuck where no deadline of ours reaches, in the look-up of a host name: the leader elected
 * meanwhile, or the other members, must not wait for it. Thread-safe without a lock of its own.
 */
final class ProberSeat {

    /** A thread's right to probe; whoever holds it says at each step that it gets on. */
    static final class Claim {
        private final long epoch;
        private final boolean asking;
        private volatile long aliveNanos = System.nanoTime();

        private Claim(long epoch, boolean asking) {
            this.epoch = epoch;
            this.asking = asking;
        }

        void alive() {
            aliveNanos = System.nanoTime();
        }
    }

    private final CurrentRoute current;
    private final long patienceNanos;
    private final AtomicReference<@Nullable Claim> holder = new AtomicReference<>();

    /** @param patience longer than any one step of a prober that is not stuck */
    ProberSeat(CurrentRoute current, Duration patience) {
        this.current = current;
        this.patienceNanos = patience.toNanos();
    }

    /**
     * @param asking whether the members shall be asked, and not the leader of the route alone
     * @return null: somebody else is at it
     */
    @Nullable
    Claim take(Route route, boolean asking) {
        Claim before = holder.get();
        if (busyNanos(before, route, asking) > 0) {
            return null;
        }
        Claim claim = new Claim(route.epoch(), asking);
        return holder.compareAndSet(before, claim) ? claim : null;
    }

    /** How long to wait for whoever asks the leader of this route, before it counts as stuck; 0 and less: nobody does. */
    long busyNanos(Route route) {
        return busyNanos(holder.get(), route, false);
    }

    private long busyNanos(@Nullable Claim claim, Route route, boolean asking) {
        if (claim == null || claim.epoch != route.epoch() || claim.asking != asking) {
            return 0;
        }
        return patienceNanos - (System.nanoTime() - claim.aliveNanos);
    }

    /** Gives the seat back, unless somebody else has it by now. */
    void leave(Claim claim) {
        holder.compareAndSet(claim, null);
        // Only now, so that whoever is woken, or looks before it sleeps, finds the seat free.
        current.wake();
    }

    /** Waits until the route is another one or nobody probes any more, nobody wants it any more, or the time is up. */
    void await(Route seen, boolean asking, long nanos, BooleanSupplier abandoned) throws InterruptedException {
        long end = System.nanoTime() + nanos;
        current.await(
                () -> current.now() == seen
                        ? Math.min(end - System.nanoTime(), busyNanos(holder.get(), seen, asking))
                        : 0,
                abandoned);
    }
}
