package io.github.pgbaton.internal.rest;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.pgbaton.config.BatonConfig;
import io.github.pgbaton.config.BatonProperty;
import io.github.pgbaton.dcs.LeaderSource;
import io.github.pgbaton.topology.HostPort;
import java.net.URI;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** When there is a REST source, and what it is called. */
@Timeout(60)
class PatroniRestSourceProviderTest {
    private final PatroniRestSourceProvider provider = new PatroniRestSourceProvider();

    @Test
    void makesASourceOnlyWherePatroniIsNamed() {
        assertThat(provider.create(BatonConfig.builder()
                        .seeds(List.of(new HostPort("pg1", 5432)))
                        .build()))
                .isEmpty();
        try (LeaderSource source = provider.create(BatonConfig.builder()
                        .set(BatonProperty.PATRONI, "http://pg1,https://pg2:8009")
                        .set(BatonProperty.SCOPE, "pgcluster")
                        .build())
                .orElseThrow()) {
            assertThat(source.description()).isEqualTo("Patroni http://pg1:8008,https://pg2:8009 pgcluster");
        }
    }

    @Test
    void aTlsHandshakeThatNobodyAnswersEndsAtTheDeadline() {
        Recorder recorder = new Recorder();
        try (ScriptedPatroni mute = new ScriptedPatroni();
                PatroniRestSource source = new PatroniRestSource(
                        List.of(URI.create("https://127.0.0.1:" + mute.uri().getPort())),
                        null,
                        PatroniRestSourceTest.QUICK)) {
            source.start(recorder);
            recorder.awaitDegraded(1);
            assertThat(recorder.degraded.get(0)).contains("no whole answer within 5000 ms");
            assertThat(recorder.threads).containsExactly("pgbaton-rest-127.0.0.1");
        }
    }
}
