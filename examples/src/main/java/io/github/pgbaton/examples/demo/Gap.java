package io.github.pgbaton.examples.demo;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** The time between an acknowledged commit and the next one, {@link System#nanoTime} at both ends. */
public record Gap(long fromNanos, long toNanos) {

    public Duration length() {
        return Duration.ofNanos(toNanos - fromNanos);
    }

    /** The longest gap that ended after a moment; empty when nothing was acknowledged on both sides of one. */
    public static Optional<Gap> longestSince(long sinceNanos, List<Long> commits) {
        Gap longest = null;
        for (int i = 1; i < commits.size(); i++) {
            Gap gap = new Gap(commits.get(i - 1), commits.get(i));
            boolean counts = gap.toNanos - sinceNanos > 0;
            if (counts && (longest == null || gap.length().compareTo(longest.length()) > 0)) {
                longest = gap;
            }
        }
        return Optional.ofNullable(longest);
    }
}
