package io.github.pgbaton;

import io.github.pgbaton.internal.routing.ClusterRef;
import io.github.pgbaton.topology.ClusterState;
import java.util.List;

/** Tells which clusters this JVM watches, and what it knows of each; asks nobody, and is thread-safe. */
public final class Clusters {
    private Clusters() {}

    /**
     * @return the clusters that this JVM has connections to, or had a few seconds ago; a snapshot, in no order
     */
    public static List<ClusterState> states() {
        return ClusterRef.states();
    }
}
