package io.github.pgbaton.examples.demo;

import io.github.pgbaton.examples.demo.Ledger.Tally;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * How a run ended, route by route.
 *
 * @param fault what was done
 * @param outage how long no member accepted writes: what no client can shorten; empty when it did not end in time
 * @param routes in the order of the table
 */
public record Verdict(String fault, Optional<Duration> outage, List<RouteVerdict> routes) {

    public Verdict {
        routes = List.copyOf(routes);
    }

    /**
     * One route.
     *
     * @param added the longest time without an acknowledged commit, minus the outage; empty when the route never wrote
     *     again
     */
    record RouteVerdict(String route, Optional<Duration> added, Tally tally, Audit audit) {}

    /** How many errors reached the application on the route of this name. */
    public int errors(String route) {
        return routes.stream()
                .filter(r -> r.route.equals(route))
                .mapToInt(r -> r.tally.errors())
                .sum();
    }

    /** Whether the route of this name wrote again, lost nothing and doubled nothing. */
    public boolean isClean(String route) {
        return routes.stream()
                .filter(r -> r.route.equals(route))
                .anyMatch(r -> r.added.isPresent() && r.audit.lost() == 0 && r.audit.doubled() == 0);
    }
}
