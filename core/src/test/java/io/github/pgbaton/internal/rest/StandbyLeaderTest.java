package io.github.pgbaton.internal.rest;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.pgbaton.topology.Topology;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What tells a standby cluster: its settings, or the role of its leader where those cannot be read. */
@Timeout(60)
class StandbyLeaderTest {
    private final ScriptedCluster cluster = new ScriptedCluster();
    private final Recorder recorder = new Recorder();
    private final PatroniRestSource source =
            new PatroniRestSource(cluster.uris(), "pgcluster", PatroniRestSourceTest.QUICK);

    @AfterEach
    void down() {
        source.close();
        cluster.close();
    }

    @Test
    void roleOfTheLeaderMakesItAStandbyClusterThoughTheSettingsCannotBeRead() {
        cluster.node(1).role = "standby_leader";
        cluster.members.forEach(member -> member.rest.plays((path, out) -> {
            switch (path) {
                case "/cluster" ->
                    ScriptedPatroni.write(
                            out, 200, member.cluster().replace("\"role\": \"leader\"", "\"role\": \"standby_leader\""));
                case "/config" -> ScriptedPatroni.write(out, 503, "");
                case "/standby-leader" -> member.honest("/primary", out);
                case "/primary" -> ScriptedPatroni.write(out, 503, "{}");
                default -> member.honest(path, out);
            }
        }));
        source.start(recorder);

        Topology seen = recorder.awaitLeader("node1");
        assertThat(seen.settings().standbyCluster()).isTrue();
    }

    @Test
    void clusterWithAnOrdinaryLeaderIsNone() {
        source.start(recorder);

        Topology seen = recorder.await("settings", t -> t.settings().synchronous());
        assertThat(seen.settings().standbyCluster()).isFalse();
    }
}
