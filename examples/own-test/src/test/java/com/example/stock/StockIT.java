package com.example.stock;

import io.github.pgbaton.testkit.PatroniClusterExtension;
import java.time.Duration;
import org.junit.jupiter.api.extension.RegisterExtension;

/** On processes of this machine: needs Debian's packages, and no container engine. */
class StockIT extends StockFailover {
    @RegisterExtension
    static final PatroniClusterExtension CLUSTER = PatroniClusterExtension.local(builder ->
            builder.ttl(Duration.ofSeconds(10)).loopWait(Duration.ofSeconds(1)).retryTimeout(Duration.ofSeconds(3)));
}
