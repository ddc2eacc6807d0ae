package io.github.pgbaton.failover.matrix;

import io.github.pgbaton.BatonDataSource;
import io.github.pgbaton.failover.Clusters;
import io.github.pgbaton.testkit.PatroniCluster;
import java.util.stream.Collectors;

/** From whom the driver learns who leads. */
enum Discovery {
    ETCD {
        @Override
        String url(PatroniCluster cluster) {
            return Clusters.url(cluster);
        }
    },
    REST {
        @Override
        String url(PatroniCluster cluster) {
            return "jdbc:pgbaton:postgresql://" + cluster.seeds() + "/" + cluster.database() + "?patroni="
                    + cluster.members().stream()
                            .map(member -> cluster.rest(member).toString())
                            .collect(Collectors.joining(","));
        }
    },
    /** Nobody tells: the members of the URL are asked. */
    MEMBERS {
        @Override
        String url(PatroniCluster cluster) {
            return "jdbc:pgbaton:postgresql://" + cluster.seeds() + "/" + cluster.database() + "?failoverTimeout=60s";
        }
    };

    abstract String url(PatroniCluster cluster);

    BatonDataSource dataSource(PatroniCluster cluster, String... properties) {
        BatonDataSource source =
                new BatonDataSource(url(cluster) + (properties.length == 0 ? "" : "&" + String.join("&", properties)));
        source.setUser(cluster.user());
        source.setPassword(cluster.password());
        return source;
    }
}
