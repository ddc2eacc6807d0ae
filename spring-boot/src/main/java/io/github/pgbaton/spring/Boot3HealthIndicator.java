package io.github.pgbaton.spring;

import org.springframework.boot.actuate.health.Health;
import org.springframework.boot.actuate.health.HealthIndicator;

/** {@link ClusterHealth} as Boot 3 wants it. */
final class Boot3HealthIndicator implements HealthIndicator {
    @Override
    public Health health() {
        ClusterHealth now = ClusterHealth.now();
        return Health.status(now.verdict().name()).withDetails(now.details()).build();
    }
}
