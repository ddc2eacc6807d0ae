package io.github.pgbaton.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

/** What is printed of what was measured. */
class RatioTableTest {
    @Test
    void pairIsOneLineWithItsRatioWhatWasAddedAndTheLargerSpread() {
        String table = RatioTable.of(List.of(
                new Measured("LocalCalls.getInt", Route.PGBATON, 15, 18, 8),
                new Measured("LocalCalls.getInt", Route.PGJDBC, 10, 11, 0)));

        assertThat(table.lines().skip(1))
                .singleElement()
                .satisfies(line -> assertThat(line.split(" +"))
                        .containsExactly("LocalCalls.getInt", "10.0", "15.0", "1.50", "+5.0", "20%", "0", "8"));
    }

    @Test
    void linesComeInTheOrderOfTheBenchmarks() {
        String table = RatioTable.of(List.of(
                new Measured("b", Route.PGJDBC, 1, 1, 0),
                new Measured("b", Route.PGBATON, 1, 1, 0),
                new Measured("a", Route.PGJDBC, 1, 1, 0),
                new Measured("a", Route.PGBATON, 1, 1, 0)));

        assertThat(table.lines().skip(1).map(line -> line.substring(0, 1))).containsExactly("b", "a");
    }

    @Test
    void benchmarkThroughOneDriverHasNoRatioAndIsNamed() {
        String table = RatioTable.of(List.of(new Measured("alone", Route.PGJDBC, 1, 1, 0)));

        assertThat(table).contains("measured through one driver only: alone");
    }
}
