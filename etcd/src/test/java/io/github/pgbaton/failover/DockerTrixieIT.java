package io.github.pgbaton.failover;

import io.github.pgbaton.testkit.Generation;
import io.github.pgbaton.testkit.PatroniClusterExtension;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Containers of Debian's trixie: PostgreSQL 17, Patroni 4.0, etcd 3.5. */
class DockerTrixieIT extends ContainerFailover {
    @RegisterExtension
    static final PatroniClusterExtension CLUSTER = Clusters.containers(Generation.TRIXIE);

    @Override
    PatroniClusterExtension extension() {
        return CLUSTER;
    }
}
