package io.github.pgbaton.internal.routing;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.pgbaton.internal.probe.Standing;
import io.github.pgbaton.topology.ClusterSettings;
import io.github.pgbaton.topology.Topology;
import java.util.Map;
import org.junit.jupiter.api.Test;

class FenceTest {
    private final Fence fence = new Fence();

    private static Standing primary(int timeline, String system) {
        return new Standing(false, false, timeline, system);
    }

    private static Topology system(String identifier) {
        return dcs(identifier, 0, 1);
    }

    private static Topology dcs(String identifier, int timeline, long term) {
        return new Topology(null, Map.of(), identifier, timeline, null, ClusterSettings.DEFAULTS, term, 1);
    }

    @Test
    void firstPrimaryPasses() {
        assertThat(fence.refuse(primary(3, "7"), Topology.UNKNOWN)).isNull();
        assertThat(fence.knowsAny()).isFalse();
    }

    @Test
    void lowerTimelineThanEverSeenIsRefused() {
        fence.raise(primary(3, "7"));
        assertThat(fence.refuse(primary(2, "7"), system("7")))
                .contains("timeline 2")
                .contains("timeline 3");
        assertThat(fence.refuse(primary(3, "7"), system("7"))).isNull();
        assertThat(fence.refuse(primary(4, "7"), system("7"))).isNull();
    }

    @Test
    void timelineNeverGoesDown() {
        fence.raise(primary(3, "7"));
        fence.raise(primary(2, "7"));
        assertThat(fence.refuse(primary(2, "7"), system("7"))).isNotNull();
    }

    @Test
    void otherSystemIdentifierIsRefused() {
        assertThat(fence.refuse(primary(9, "8"), system("7")))
                .contains("another cluster")
                .contains("8")
                .contains("7");
    }

    @Test
    void timelinesOfDifferentSystemsAreNotCompared() {
        fence.raise(primary(9, "8"));
        assertThat(fence.refuse(primary(1, "7"), system("7"))).isNull();
    }

    @Test
    void timelineBelowTheDcsHistoryIsRefusedThoughNoPrimaryWasSeenYet() {
        assertThat(fence.refuse(primary(2, "7"), dcs("7", 3, 1)))
                .contains("timeline 2")
                .contains("timeline 3");
        assertThat(fence.refuse(primary(3, "7"), dcs("7", 3, 1))).isNull();
    }

    @Test
    void historyThatOneMemberTellsKeepsNobodyOut() {
        assertThat(fence.refuse(primary(2, "7"), dcs("7", Integer.MAX_VALUE, 0)))
                .isNull();
    }

    @Test
    void clusterThatNoDcsNamesIsTheOneThatWasVerifiedFirst() {
        fence.raise(primary(3, "7"));
        assertThat(fence.refuse(primary(9, "8"), Topology.UNKNOWN)).contains("another cluster");
        assertThat(fence.refuse(primary(9, "8"), system("8")))
                .as("made anew, and the DCS says so")
                .isNull();
    }
}
