package io.github.pgbaton.internal.routing;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The seat of the one thread that proves the primary: it is taken by one at a time for one epoch and one way of asking,
 * and neither the prober of another epoch nor one that shows no progress keeps it.
 *
 * <p>A prober can be stuck where no deadline of ours reaches, in the look-up of a host name: the leader elected
 * meanwhile, or the other members, must not wait for it. Used under the tracker's lock.
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

    private final long patienceNanos;
    private @Nullable Claim holder;

    /** @param patience longer than any one step of a prober that is not stuck */
    ProberSeat(Duration patience) {
        this.patienceNanos = patience.toNanos();
    }

    /**
     * @param asking whether the members shall be asked, and not the leader of the route alone
     * @return null: somebody else is at it
     */
    @Nullable
    Claim take(Route route, boolean asking) {
        if (busyNanos(route, asking) > 0) {
            return null;
        }
        Claim claim = new Claim(route.epoch(), asking);
        holder = claim;
        return claim;
    }

    /** How long to wait for whoever is at it, before it counts as stuck; 0 and less: nobody is. */
    long busyNanos(Route route, boolean asking) {
        Claim now = holder;
        if (now == null || now.epoch != route.epoch() || now.asking != asking) {
            return 0;
        }
        return patienceNanos - (System.nanoTime() - now.aliveNanos);
    }

    /** Gives the seat back, unless somebody else has it by now. */
    void leave(Claim claim) {
        if (holder == claim) {
            holder = null;
        }
    }
}
