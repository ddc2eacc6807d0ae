package io.github.pgbaton.spring;

import org.springframework.context.annotation.Condition;
import org.springframework.context.annotation.ConditionContext;
import org.springframework.core.env.Environment;
import org.springframework.core.type.AnnotatedTypeMetadata;

/**
 * Whether the health indicator is wanted; accepts what Boot's own switches accept, as {@code off} and {@code 0}. Boot's annotation for
 * them has another name in Boot 3 and in Boot 4.
 */
final class HealthEnabled implements Condition {
    @Override
    public boolean matches(ConditionContext context, AnnotatedTypeMetadata metadata) {
        Environment environment = context.getEnvironment();
        Boolean own = environment.getProperty("management.health.pgbaton.enabled", Boolean.class);
        return own != null ? own : environment.getProperty("management.health.defaults.enabled", Boolean.class, true);
    }
}
