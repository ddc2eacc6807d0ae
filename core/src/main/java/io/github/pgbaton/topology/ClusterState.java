package io.github.pgbaton.topology;

import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What this JVM knows of one cluster's primary at one moment; an immutable snapshot, for health checks and displays.
 *
 * @param cluster its name: namespace and scope, or its first member where the URL gives no scope
 * @param primary name of the last known leader in Patroni, or its address where only that is known; null before the first
 * @param address where this client reaches it, null before the first
 * @param led whether there is a leader now, as far as the source, or else the members, can tell; false during a failover
 * @param verified whether its PostgreSQL has proven since its election, and since anything spoke against it, that it takes
 *     writes; proven anew by the next session that is opened, and so false for long where none is
 * @param timeline of the last primary that was verified, 0 where none was or the server may not be asked
 * @param silence why the source cannot tell the leader, null while it can, and where there is none
 * @param lastFailover that this JVM has seen, null where it has seen none
 */
public record ClusterState(
        String cluster,
        @Nullable String primary,
        @Nullable HostPort address,
        boolean led,
        boolean verified,
        int timeline,
        @Nullable String silence,
        @Nullable Failover lastFailover) {

    /**
     * A change of primary, or an interruption of the same one, that is over.
     *
     * @param endedAt when PostgreSQL on the primary had proven that it takes writes, by this machine's clock
     * @param took from the first sign of it in this JVM to that moment
     */
    public record Failover(Instant endedAt, Duration took) {}
}
