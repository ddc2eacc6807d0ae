package io.github.pgbaton.benchmarks.outage;

import io.github.pgbaton.examples.demo.Gap;
import io.github.pgbaton.examples.demo.Load;
import io.github.pgbaton.testkit.Truth.Outage;
import java.time.Duration;
import java.util.List;
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

    /** What a load showed; it was stopped, and {@code hungWriters} of its threads did not. */
    static RouteResult of(Load load, long faultNanos, Outage outage, Bystanders.Seen bystanders, int hungWriters) {
        long writable = outage.toNanos().orElseThrow();
        List<Long> commits = load.ledger().commits();
        Optional<Duration> back = commits.stream()
                .filter(commit -> commit - writable > 0)
                .findFirst()
                .map(commit -> Duration.ofNanos(commit - writable));
        Optional<Duration> seen =
                back.flatMap(any -> Gap.longestSince(faultNanos, commits)).map(Gap::length);
        return new RouteResult(
                load.name(),
                seen,
                seen.map(outage.length().negated()::plus),
                back,
                load.ledger().tally().errorsByState(),
                bystanders,
                hungWriters);
    }

    /** Calls that had not returned when the others were long done. */
    int hung() {
        return hungWriters + bystanders.hung();
    }

    /** Errors that working connections saw. */
    int writers() {
        return sum(writerErrors);
    }

    /** Errors that idle connections saw at their next use. */
    int idle() {
        return sum(bystanders.idleErrors());
    }

    /** Errors of connections that were being opened. */
    int opening() {
        return sum(bystanders.openingErrors());
    }

    /** How many times as long as no member was writable the writers were without a commit. */
    Optional<Double> ratio(Duration outage) {
        return seen.map(time -> (double) time.toNanos() / outage.toNanos());
    }

    static int sum(SortedMap<String, Integer> errors) {
        return errors.values().stream().mapToInt(Integer::intValue).sum();
    }
}
