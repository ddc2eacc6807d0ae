package io.github.pgbaton.examples.demo;

import io.github.pgbaton.examples.ExampleWriter.Listener;
import io.github.pgbaton.examples.ExampleWriter.Outcome;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/** What the application was told on one route: every key it may count on, and every error; thread-safe. */
public final class Ledger implements Listener {
    private final List<String> keys = new ArrayList<>();
    private final List<Long> commits = new ArrayList<>();
    private final SortedMap<String, Integer> errors = new TreeMap<>();
    private int unknown;

    /** Sums of a moment. */
    public record Tally(int commits, int errors, int commitsUnknown, SortedMap<String, Integer> errorsByState) {}

    synchronized void acknowledged(String key, Outcome outcome) {
        keys.add(key);
        if (outcome == Outcome.COMMITTED) {
            // A row that was only found says nothing of when writes worked again.
            commits.add(System.nanoTime());
        }
    }

    @Override
    public synchronized void failed(SQLException error, boolean commitUnknown) {
        errors.merge(String.valueOf(error.getSQLState()), 1, Integer::sum);
        if (commitUnknown) {
            unknown++;
        }
    }

    public synchronized Tally tally() {
        int sum = errors.values().stream().mapToInt(Integer::intValue).sum();
        return new Tally(commits.size(), sum, unknown, new TreeMap<>(errors));
    }

    /** Whether a COMMIT was acknowledged after this moment. */
    public synchronized boolean committedSince(long nanos) {
        return !commits.isEmpty() && commits.get(commits.size() - 1) - nanos > 0;
    }

    synchronized List<String> keys() {
        return List.copyOf(keys);
    }

    /** When COMMITs were acknowledged, in order. */
    public synchronized List<Long> commits() {
        return List.copyOf(commits);
    }
}
