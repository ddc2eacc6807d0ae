package io.github.pgbaton.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

/** The two ways a table is written. */
class TableTest {
    private static final Table TABLE =
            new Table(List.of("route", "added"), List.of(List.of("pgbaton", "+30 ms"), List.of("HAProxy", "+5.1 s")));

    @Test
    void columnsOfTheTextAreAsWideAsTheirLongestCell() {
        assertThat(TABLE.text(false)).isEqualTo("""
                route    added
                pgbaton  +30 ms
                HAProxy  +5.1 s
                """);
    }

    @Test
    void markdownHasALineBelowItsHead() {
        assertThat(TABLE.text(true)).isEqualTo("""
                | route | added |
                | --- | --- |
                | pgbaton | +30 ms |
                | HAProxy | +5.1 s |
                """);
    }
}
