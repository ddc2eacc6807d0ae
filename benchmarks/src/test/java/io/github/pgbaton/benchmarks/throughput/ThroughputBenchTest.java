package io.github.pgbaton.benchmarks.throughput;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

/** What many rounds become. */
class ThroughputBenchTest {
    private static final List<String> ROUTES =
            List.of("PgJDBC", "pgbaton, replay=off", "pgbaton, replay=verified", "pgbaton, replay=verified, ledger");

    @Test
    void ratioIsTheMedianOfTheRoundsEachComparedWithPgJdbcInTheSame() {
        double[][] tps = {{100, 200}, {99, 202}, {50, 100}, {100, 192}};
        assertThat(ThroughputBench.table(ROUTES, tps).rows())
                .containsExactly(
                        List.of("PgJDBC", "150", "1.000", "1.000 to 1.000"),
                        List.of("pgbaton, replay=off", "151", "1.000", "0.995 to 1.005"),
                        List.of("pgbaton, replay=verified", "75", "0.500", "0.500 to 0.500"),
                        List.of("pgbaton, replay=verified, ledger", "146", "0.980", "0.970 to 0.990"));
    }

    @Test
    void twoRoutesHaveAGoal() {
        double[][] met = {{1000, 1000}, {990, 990}, {1, 1}, {960, 980}};
        assertThat(ThroughputBench.goals(ROUTES, met).missed()).isEmpty();
        double[][] missed = {{1000, 1000}, {989, 989}, {1000, 1000}, {960, 970}};
        assertThat(ThroughputBench.goals(ROUTES, missed).missed())
                .containsExactly(
                        "throughput: pgbaton, replay=off, ratio 0.989, the goal is at least 0.99",
                        "throughput: pgbaton, replay=verified, ledger, ratio 0.965, the goal is at least 0.97");
    }

    @Test
    void quantileLiesBetweenTwoValues() {
        double[] sorted = {1, 2, 3, 4};
        assertThat(ThroughputBench.quantile(sorted, 0.5)).isEqualTo(2.5, within(1e-9));
        assertThat(ThroughputBench.quantile(sorted, 1)).isEqualTo(4);
        assertThat(ThroughputBench.quantile(new double[] {7}, 0.75)).isEqualTo(7);
    }
}
