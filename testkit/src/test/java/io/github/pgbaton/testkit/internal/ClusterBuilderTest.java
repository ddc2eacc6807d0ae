package io.github.pgbaton.testkit.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.pgbaton.testkit.MissingPackageException;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClusterBuilderTest {
    @Test
    void theDefaultsAreTheReferenceCluster() {
        Settings settings = ClusterBuilder.local().settings();
        assertThat(settings.keyPrefix()).isEqualTo("/db/pgcluster/");
        assertThat(settings.ttl()).isEqualTo(Duration.ofSeconds(30));
        assertThat(settings.loopWait()).isEqualTo(Duration.ofSeconds(10));
        assertThat(settings.retryTimeout()).isEqualTo(Duration.ofSeconds(10));
        assertThat(settings.synchronous()).isTrue();
        assertThat(settings.memberNames()).containsExactly("node1", "node2", "node3");
    }

    @Test
    void equalParametersAreEqualSettings() {
        assertThat(ClusterBuilder.local().postgresParameter("fsync", "off").settings())
                .isEqualTo(
                        ClusterBuilder.local().postgresParameter("fsync", "off").settings())
                .isNotEqualTo(ClusterBuilder.local().settings());
    }

    @Test
    void nonsenseIsRefusedAtOnce() {
        ClusterBuilder builder = ClusterBuilder.local();
        assertThatThrownBy(() -> builder.ttl(Duration.ofMillis(1500))).hasMessageContaining("whole seconds");
        assertThatThrownBy(() -> builder.members(0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> builder.namespace("db/")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> builder.scope("a b")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> builder.postgresParameter("a: b", "c")).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aMissingPackageIsNamedWithItsCommand(@TempDir Path empty) {
        assertThatThrownBy(() -> Programs.find(ClusterBuilder.local().settings(), empty))
                .isInstanceOf(MissingPackageException.class)
                .hasMessageContaining("apt-get install -y --no-install-recommends ")
                .hasMessageContaining("postgresql");
    }
}
