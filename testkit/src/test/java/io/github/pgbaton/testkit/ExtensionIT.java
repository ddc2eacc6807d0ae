package io.github.pgbaton.testkit;

import static io.github.pgbaton.testkit.Clusters.SOON;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The extension shares one cluster and heals it between tests, whatever the test before did. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class ExtensionIT {
    @RegisterExtension
    static final PatroniClusterExtension PATRONI = Clusters.fast();

    @RegisterExtension
    static final PatroniClusterExtension ANOTHER = Clusters.fast();

    @Test
    @Order(1)
    void equalParametersShareOneCluster() {
        PatroniCluster cluster = PATRONI.cluster();
        assertThat(PATRONI.cluster()).isSameAs(cluster);
        assertThat(ANOTHER.cluster()).isSameAs(cluster);
    }

    @Test
    @Order(2)
    void breaksEverythingAtOnce() {
        PatroniCluster cluster = PATRONI.cluster();
        String primary = cluster.awaitPrimary(SOON);
        cluster.pause();
        cluster.freezeEtcd(0);
        cluster.stopEtcd(1);
        cluster.killPostgres(Clusters.replica(cluster, primary));
        cluster.freeze(primary);
    }

    @Test
    @Order(3)
    void findsEverythingRepaired() {
        PatroniCluster cluster = PATRONI.cluster();
        cluster.awaitHealthy(Duration.ofSeconds(20));
    }
}
