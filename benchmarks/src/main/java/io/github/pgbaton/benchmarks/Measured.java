package io.github.pgbaton.benchmarks;

import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.util.Statistics;

/**
 * One benchmark through one driver; the time is that of its fastest iteration, for what disturbs a measurement only ever
 * adds time.
 *
 * @param benchmark its class and method
 * @param route the driver
 * @param nanos per call, the mean of the fastest iteration
 * @param median per call, of the iteration in the middle
 * @param bytes allocated per call, the mean
 */
record Measured(String benchmark, Route route, double nanos, double median, double bytes) {
    private static final String ALLOCATION = "gc.alloc.rate.norm";

    static Measured of(RunResult result) {
        String name = result.getParams().getBenchmark();
        Statistics times = result.getPrimaryResult().getStatistics();
        Result<?> allocation = result.getSecondaryResults().get(ALLOCATION);
        return new Measured(
                name.substring(name.lastIndexOf('.', name.lastIndexOf('.') - 1) + 1),
                Route.valueOf(result.getParams().getParam("route")),
                times.getMin(),
                times.getPercentile(50),
                allocation == null ? Double.NaN : allocation.getScore());
    }

    /** How far the fastest iteration is from the usual one, in per cent: how disturbed the measurement was. */
    double spread() {
        return 100 * (median / nanos - 1);
    }
}
