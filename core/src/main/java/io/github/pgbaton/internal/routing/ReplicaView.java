package io.github.pgbaton.internal.routing;

import io.github.pgbaton.topology.HostPort;
import java.util.Set;

/**
 * Which replicas take reads at one moment, for one bound of the lag and one choice among them; immutable, and replaced
 * only when something in it changes.
 *
 * @param fit the addresses of those that take reads
 * @param settled whether every member has been looked at, so that nobody else is about to become fit
 */
record ReplicaView(Set<HostPort> fit, boolean settled) {
    static final ReplicaView NONE = new ReplicaView(Set.of(), false);

    ReplicaView {
        fit = Set.copyOf(fit);
    }
}
