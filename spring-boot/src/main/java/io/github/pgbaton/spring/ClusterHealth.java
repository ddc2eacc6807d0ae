package io.github.pgbaton.spring;

import io.github.pgbaton.Clusters;
import io.github.pgbaton.topology.ClusterState;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a health check tells of all clusters together: an immutable snapshot, for which nobody is asked over the network.
 *
 * @param verdict {@code DOWN} where one has no leader now; {@code UNKNOWN} where none is watched, because no connection was
 *     opened yet or all are closed
 * @param details for each cluster by its name
 */
record ClusterHealth(Verdict verdict, Map<String, Object> details) {
    enum Verdict {
        UP,
        DOWN,
        UNKNOWN
    }

    static ClusterHealth now() {
        return of(Clusters.states());
    }

    static ClusterHealth of(List<ClusterState> states) {
        Map<String, Object> details = new LinkedHashMap<>();
        states.forEach(state -> details.put(state.cluster(), details(state)));
        Verdict verdict = states.isEmpty()
                ? Verdict.UNKNOWN
                : states.stream().allMatch(ClusterState::led) ? Verdict.UP : Verdict.DOWN;
        return new ClusterHealth(verdict, details);
    }

    private static Map<String, Object> details(ClusterState state) {
        Map<String, Object> details = new LinkedHashMap<>();
        details.put("primary", state.primary() == null ? "none yet" : state.primary());
        if (state.address() != null) {
            details.put("address", state.address().toString());
        }
        details.put("led", state.led());
        details.put("verified", state.verified());
        details.put("timeline", state.timeline());
        if (state.silence() != null) {
            details.put("sourceSilent", state.silence());
        }
        ClusterState.Failover last = state.lastFailover();
        if (last != null) {
            details.put(
                    "lastFailover",
                    Map.of(
                            "endedAt",
                            last.endedAt().toString(),
                            "tookMillis",
                            last.took().toMillis()));
        }
        return details;
    }
}
