package io.github.pgbaton.examples.chaos;

import java.util.EnumMap;
import java.util.Map;
import java.util.stream.Collectors;

/** What a campaign has put a cluster through: each fault, and how often another primary was promoted by it; only grows. */
final class Course {
    private final Map<Havoc, Integer> faults = new EnumMap<>(Havoc.class);
    private final Map<Havoc, Integer> promotions = new EnumMap<>(Havoc.class);

    /**
     * Each promotion begins a timeline, also that of a member which had been the leader before.
     *
     * @param before the timeline at the fault
     * @param after the timeline once the cluster has healed
     */
    void went(Havoc havoc, int before, int after) {
        faults.merge(havoc, 1, Integer::sum);
        promotions.merge(havoc, after - before, Integer::sum);
    }

    int faults() {
        return sum(faults);
    }

    /** How often the cluster got another primary. */
    int leaderChanges() {
        return sum(promotions);
    }

    /** By kinds, the changes of leader first. */
    String text() {
        return "%d leader changes (%s) in %d faults (%s)"
                .formatted(leaderChanges(), list(promotions), faults(), list(faults));
    }

    private static String list(Map<Havoc, Integer> counts) {
        return counts.entrySet().stream()
                .filter(entry -> entry.getValue() > 0)
                .map(entry -> entry.getValue() + " " + entry.getKey())
                .collect(Collectors.joining(", "));
    }

    private static int sum(Map<Havoc, Integer> counts) {
        return counts.values().stream().mapToInt(Integer::intValue).sum();
    }
}
