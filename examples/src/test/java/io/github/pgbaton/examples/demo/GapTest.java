package io.github.pgbaton.examples.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class GapTest {
    @Test
    void longestGapIsTheRoutesOutage() {
        assertThat(Gap.longestSince(0, List.of(10L, 20L, 500L, 510L, 600L))).contains(new Gap(20, 500));
        assertThat(new Gap(20, 500).length()).isEqualTo(Duration.ofNanos(480));
    }

    @Test
    void gapThatEndedBeforeTheFaultDoesNotCount() {
        assertThat(Gap.longestSince(100, List.of(0L, 90L, 95L, 110L))).contains(new Gap(95, 110));
    }

    @Test
    void gapThatTheFaultFellIntoCounts() {
        assertThat(Gap.longestSince(100, List.of(95L, 130L))).contains(new Gap(95, 130));
    }

    @Test
    void withoutACommitOnBothSidesThereIsNoGap() {
        assertThat(Gap.longestSince(0, List.of())).isEmpty();
        assertThat(Gap.longestSince(0, List.of(5L))).isEmpty();
        assertThat(Gap.longestSince(100, List.of(5L, 6L))).isEmpty();
    }

    @Test
    void timesMayBeNegativeAndOverflowAsNanoTimeMay() {
        long start = Long.MAX_VALUE - 5;
        assertThat(Gap.longestSince(start, List.of(start, start + 10, start + 12)))
                .contains(new Gap(start, start + 10));
    }
}
