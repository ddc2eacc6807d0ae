package io.github.pgbaton.benchmarks;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.BinaryOperator;

/**
 * The middle and the worst of several runs; a run without a value never came to one, which is worse than any.
 *
 * <p>The median of an even number is the mean of the two in the middle, and there is none where one of them has no value.
 */
public final class Runs {
    private Runs() {}

    /**
     * @param runs at least one, in any order
     * @return their median
     */
    public static Optional<Duration> median(List<Optional<Duration>> runs) {
        return middle(runs, (lower, upper) -> lower.plus(upper).dividedBy(2));
    }

    /**
     * @param runs at least one, in any order
     * @return their median
     */
    public static Optional<Double> medianRatio(List<Optional<Double>> runs) {
        return middle(runs, (lower, upper) -> (lower + upper) / 2);
    }

    /**
     * @param runs at least one, in any order
     * @return the longest, or nothing where one has no value
     */
    public static Optional<Duration> worst(List<Optional<Duration>> runs) {
        return sorted(runs).get(runs.size() - 1);
    }

    private static <T extends Comparable<T>> Optional<T> middle(List<Optional<T>> runs, BinaryOperator<T> mean) {
        List<Optional<T>> sorted = sorted(runs);
        Optional<T> lower = sorted.get((runs.size() - 1) / 2);
        Optional<T> upper = sorted.get(runs.size() / 2);
        return lower.flatMap(low -> upper.map(high -> mean.apply(low, high)));
    }

    private static <T extends Comparable<T>> List<Optional<T>> sorted(List<Optional<T>> runs) {
        return runs.stream()
                .sorted((one, other) -> one.isPresent() && other.isPresent()
                        ? one.get().compareTo(other.get())
                        : Boolean.compare(one.isEmpty(), other.isEmpty()))
                .toList();
    }
}
