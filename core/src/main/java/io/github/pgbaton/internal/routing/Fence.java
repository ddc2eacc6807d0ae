package io.github.pgbaton.internal.routing;

import io.github.pgbaton.internal.probe.Standing;
import io.github.pgbaton.topology.Topology;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.jspecify.annotations.Nullable;

/**
 * Keeps out a primary of the past: per system identifier the highest timeline ever verified, which never goes down.
 *
 * <p>A member that was cut off or frozen while another one was promoted may still believe it is the primary; its
 * timeline is lower than the one we have seen. Thread-safe without a lock.
 */
final class Fence {
    private final ConcurrentMap<String, Integer> highest = new ConcurrentHashMap<>();
    private volatile boolean known;
    /** Of the last primary that was verified: where no DCS tells the cluster's, a stranger is known by it. */
    private volatile @Nullable String verifiedSystem;

    /**
     * @param standing of a member that says it takes writes
     * @param topology the source's last word, with the DCS's system identifier and history where it knows them
     * @return why it may not have a session, null where it may
     */
    @Nullable
    String refuse(Standing standing, Topology topology) {
        String expectedSystem = topology.systemIdentifier();
        String system = standing.systemIdentifier();
        if (system == null) {
            return null;
        }
        if (expectedSystem != null && !expectedSystem.equals(system)) {
            return "it belongs to another cluster (system identifier " + system + ", expected " + expectedSystem + ")";
        }
        String verified = verifiedSystem;
        if (expectedSystem == null && verified != null && !verified.equals(system)) {
            return "it belongs to another cluster (system identifier " + system + ", verified before was " + verified
                    + ")";
        }
        int seen = highest.getOrDefault(system, 0);
        if (standing.timeline() < seen) {
            return "it writes timeline " + standing.timeline() + ", but timeline " + seen + " was seen already";
        }
        // A primary writes the history after its promotion, so the DCS's is never ahead of the newest primary. It
        // counts where this JVM has seen no primary yet, and a zombie has taken the lock back. What a single REST
        // endpoint tells does not: nonsense there would keep every leader out.
        boolean fromTheDcs = topology.term() > 0;
        if (fromTheDcs && system.equals(expectedSystem) && standing.timeline() < topology.timeline()) {
            return "it writes timeline " + standing.timeline() + ", but the cluster's history has reached timeline "
                    + topology.timeline();
        }
        return null;
    }

    /** @return the cluster of the last primary that was verified, null before the first */
    @Nullable
    String verifiedSystem() {
        return verifiedSystem;
    }

    /** @return whether any member was ever verified */
    boolean knowsAny() {
        return known;
    }

    /**
     * @param standing of a member that was verified as the primary just now
     * @return whether it was promoted since another primary was verified; one caller alone is told so
     */
    boolean raise(Standing standing) {
        known = true;
        String system = standing.systemIdentifier();
        if (system == null) {
            return false;
        }
        verifiedSystem = system;
        Integer before = highest.get(system);
        highest.merge(system, standing.timeline(), Math::max);
        return before != null && before < standing.timeline();
    }
}
