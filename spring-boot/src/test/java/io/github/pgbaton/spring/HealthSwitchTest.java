package io.github.pgbaton.spring;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.core.env.MapPropertySource;

/** The health indicator is turned on and off as Boot's own ones are. */
class HealthSwitchTest {
    private static boolean hasIndicator(Map<String, Object> properties) {
        try (AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext()) {
            context.getEnvironment().getPropertySources().addFirst(new MapPropertySource("test", properties));
            context.register(BatonAutoConfiguration.class);
            context.refresh();
            return context.containsBean("pgbatonHealthIndicator");
        }
    }

    @Test
    void itIsThereUnlessItIsTurnedOff() {
        assertThat(hasIndicator(Map.of())).isTrue();
        assertThat(hasIndicator(Map.of("management.health.pgbaton.enabled", "false")))
                .isFalse();
    }

    @ParameterizedTest
    @CsvSource({"off, false", "no, false", "0, false", "on, true", "yes, true", "1, true"})
    void whatBootTakesForABooleanIsTaken(String value, boolean there) {
        assertThat(hasIndicator(Map.of("management.health.pgbaton.enabled", value)))
                .isEqualTo(there);
    }

    @Test
    void defaultOfAllIndicatorsIsItsDefaultToo() {
        assertThat(hasIndicator(Map.of("management.health.defaults.enabled", "false")))
                .isFalse();
        assertThat(hasIndicator(Map.of(
                        "management.health.defaults.enabled", "false", "management.health.pgbaton.enabled", "true")))
                .isTrue();
    }
}
