package io.github.pgbaton.benchmarks;

import java.util.Locale;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;

/**
 * One benchmark through one driver.
 *
 * @param benchmark its class and method
 * @param route the driver
 * @param nanos per call, the mean
 * @param error half of JMH's 99.9% confidence interval; NaN with fewer than three measurements
 * @param bytes allocated per call
 */
record Measured(String benchmark, Route route, double nanos, double error, double bytes) {
    private static final String ALLOCATION = "gc.alloc.rate.norm";

    static Measured of(RunResult result) {
        String name = result.getParams().getBenchmark();
        Result<?> time = result.getPrimaryResult();
        Result<?> allocation = result.getSecondaryResults().get(ALLOCATION);
        return new Measured(
                name.substring(name.lastIndexOf('.', name.lastIndexOf('.') - 1) + 1),
                Route.valueOf(result.getParams().getParam("route").toUpperCase(Locale.ROOT)),
                time.getScore(),
                time.getScoreError(),
                allocation == null ? Double.NaN : allocation.getScore());
    }
}
