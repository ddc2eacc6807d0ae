package io.github.pgbaton.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.pgbaton.topology.ClusterState;
import io.github.pgbaton.topology.HostPort;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ClusterHealthTest {
    private static final ClusterState LED =
            new ClusterState("/db/one", "node1", new HostPort("pg1", 5432), true, true, 3, null, null);
    private static final ClusterState LOST = new ClusterState(
            "/db/two",
            "node2",
            new HostPort("pg2", 5432),
            false,
            false,
            7,
            "quorum lost",
            new ClusterState.Failover(Instant.EPOCH, Duration.ofMillis(1_500)));

    @Test
    void clusterWithALeaderIsUp() {
        ClusterHealth health = ClusterHealth.of(List.of(LED));
        assertThat(health.verdict()).isEqualTo(ClusterHealth.Verdict.UP);
        assertThat(health.details())
                .isEqualTo(Map.of(
                        "/db/one",
                        Map.of(
                                "primary",
                                "node1",
                                "address",
                                "pg1:5432",
                                "led",
                                true,
                                "verified",
                                true,
                                "timeline",
                                3)));
    }

    @Test
    void oneClusterWithoutALeaderIsDownForAll() {
        ClusterHealth health = ClusterHealth.of(List.of(LED, LOST));
        assertThat(health.verdict()).isEqualTo(ClusterHealth.Verdict.DOWN);
        assertThat(String.valueOf(health.details().get("/db/two")))
                .contains(
                        "sourceSilent=quorum lost",
                        "timeline=7",
                        "endedAt=1970-01-01T00:00:00Z",
                        "tookMillis=1500",
                        "led=false");
    }

    @Test
    void clusterBeforeItsFirstLeaderIsDown() {
        ClusterHealth health =
                ClusterHealth.of(List.of(new ClusterState("/db/new", null, null, false, false, 0, null, null)));
        assertThat(health.verdict()).isEqualTo(ClusterHealth.Verdict.DOWN);
        assertThat(String.valueOf(health.details())).contains("primary=none yet");
    }

    @Test
    void nothingWatchedIsUnknown() {
        assertThat(ClusterHealth.of(List.of()).verdict()).isEqualTo(ClusterHealth.Verdict.UNKNOWN);
    }
}
