package io.github.pgbaton.failover;

import io.github.pgbaton.testkit.Generation;
import io.github.pgbaton.testkit.PatroniClusterExtension;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Containers of Debian's bookworm: PostgreSQL 15, Patroni 3.0, etcd 3.4. */
class DockerBookwormIT extends ContainerFailover {
    @RegisterExtension
    static final PatroniClusterExtension CLUSTER = Clusters.containers(Generation.BOOKWORM);

    @Override
    PatroniClusterExtension extension() {
        return CLUSTER;
    }
}
