package com.example.stock;

import io.github.pgbaton.testkit.Generation;
import io.github.pgbaton.testkit.PatroniClusterExtension;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.RegisterExtension;

/** In containers, through Testcontainers: needs an engine, and nothing else on this machine. */
@Tag("docker")
class DockerStockIT extends StockFailover {
    @RegisterExtension
    static final PatroniClusterExtension CLUSTER = PatroniClusterExtension.docker(
            Generation.TRIXIE,
            builder -> builder.ttl(Duration.ofSeconds(10))
                    .loopWait(Duration.ofSeconds(1))
                    .retryTimeout(Duration.ofSeconds(3)));
}
