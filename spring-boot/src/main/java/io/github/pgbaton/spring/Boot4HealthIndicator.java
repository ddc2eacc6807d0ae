package io.github.pgbaton.spring;

import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;

/** {@link ClusterHealth} as Boot 4 wants it. */
final class Boot4HealthIndicator implements HealthIndicator {
    @Override
    public Health health() {
        ClusterHealth now = ClusterHealth.now();
        return Health.status(now.verdict().name()).withDetails(now.details()).build();
    }
}
