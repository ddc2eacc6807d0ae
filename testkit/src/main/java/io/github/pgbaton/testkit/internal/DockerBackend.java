package io.github.pgbaton.testkit.internal;

import io.github.pgbaton.testkit.ClusterException;
import io.github.pgbaton.testkit.Generation;
import io.github.pgbaton.testkit.PatroniCluster;

/** Makes clusters of containers; touches no class of Testcontainers, which may be missing, before it has looked. */
record DockerBackend(Generation generation) implements Backend {
    private static final String LIBRARY = "org.testcontainers.DockerClientFactory";

    @Override
    public PatroniCluster start(Settings settings) {
        try {
            Class.forName(LIBRARY, false, DockerBackend.class.getClassLoader());
        } catch (ClassNotFoundException e) {
            throw new ClusterException(
                    "a cluster of containers needs org.testcontainers:testcontainers on the class path, and it is not",
                    e);
        }
        return Containers.start(generation, settings);
    }
}
