package io.github.pgbaton.benchmarks.outage;

import java.time.Duration;
import java.util.Optional;
import java.util.SortedMap;

/**
 * What one route made of one fault.
 *
 * @param route its name
 * @param seen the writers' longest time without an acknowledged commit; empty where they never wrote again
 * @param added that, minus the time in which no member was writable
 * @param back from the moment the new primary was writable to the first commit through this route
 * @param writerErrors errors that working connections saw, in a transaction or on the way to the next one
 * @param bystanders what the connections saw that were idle or being opened
 * @param hungWriters writers that had not returned when the others were long done
 */
record RouteResult(
        String route,
        Optional<Duration> seen,
        Optional<Duration> added,
        Optional<Duration> back,
        SortedMap<String, Integer> writerErrors,
        Bystanders.Seen bystanders,
        int hungWriters) {

    /** Calls that had not returned when the others were long done. */
    int hung() {
        return hungWriters + bystanders.hung();
    }

    static int sum(SortedMap<String, Integer> errors) {
        return errors.values().stream().mapToInt(Integer::intValue).sum();
    }
}
