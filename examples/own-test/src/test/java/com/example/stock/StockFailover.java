package com.example.stock;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.pgbaton.BatonDataSource;
import io.github.pgbaton.testkit.PatroniCluster;
import java.net.URI;
import java.time.Duration;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What is tested, wherever the cluster runs. */
@Timeout(240)
abstract class StockFailover {
    private static final Duration PATIENCE = Duration.ofSeconds(90);

    private static BatonDataSource dataSource(PatroniCluster cluster) {
        String etcd = cluster.etcd().stream().map(URI::toString).collect(Collectors.joining(","));
        BatonDataSource source = new BatonDataSource("jdbc:pgbaton:postgresql://" + cluster.seeds() + "/"
                + cluster.database() + "?etcd=" + etcd + "&scope=" + cluster.scope() + "&namespace="
                + cluster.namespace()
                // Containers announce addresses that are not this machine's.
                + cluster.memberMap().map(map -> "&memberMap=" + map).orElse(""));
        source.setUser(cluster.user());
        source.setPassword(cluster.password());
        return source;
    }

    @Test
    void piecesAreCountedOnceThoughThePrimaryDiesInTheMiddle(PatroniCluster cluster) throws Exception {
        try (BatonDataSource source = dataSource(cluster)) {
            Stock stock = new Stock(source);
            stock.create();
            String item = "cup" + System.nanoTime();
            stock.arrive(item, 3, () -> {});
            String before = cluster.awaitPrimary(PATIENCE);

            int now = stock.arrive(item, 4, () -> cluster.kill(before));

            assertThat(now).isEqualTo(7);
            assertThat(stock.pieces(item)).isEqualTo(7);
            assertThat(cluster.awaitPrimary(PATIENCE)).isNotEqualTo(before);
        }
    }
}
