package io.github.pgbaton.internal.routing;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.pgbaton.internal.probe.Standing;
import org.junit.jupiter.api.Test;

class FenceTest {
    private final Fence fence = new Fence();

    private static Standing primary(int timeline, String system) {
        return new Standing(false, false, timeline, system);
    }

    @Test
    void firstPrimaryPasses() {
        assertThat(fence.refuse(primary(3, "7"), null)).isNull();
        assertThat(fence.knowsAny()).isFalse();
    }

    @Test
    void lowerTimelineThanEverSeenIsRefused() {
        fence.raise(primary(3, "7"));
        assertThat(fence.refuse(primary(2, "7"), "7")).contains("timeline 2").contains("timeline 3");
        assertThat(fence.refuse(primary(3, "7"), "7")).isNull();
        assertThat(fence.refuse(primary(4, "7"), "7")).isNull();
    }

    @Test
    void timelineNeverGoesDown() {
        fence.raise(primary(3, "7"));
        fence.raise(primary(2, "7"));
        assertThat(fence.refuse(primary(2, "7"), "7")).isNotNull();
    }

    @Test
    void otherSystemIdentifierIsRefused() {
        assertThat(fence.refuse(primary(9, "8"), "7"))
                .contains("another cluster")
                .contains("8")
                .contains("7");
    }

    @Test
    void timelinesOfDifferentSystemsAreNotCompared() {
        fence.raise(primary(9, "8"));
        assertThat(fence.refuse(primary(1, "7"), null)).isNull();
    }
}
