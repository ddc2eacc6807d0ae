package io.github.pgbaton.internal.routing;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.pgbaton.topology.HostPort;
import io.github.pgbaton.topology.Topology;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.Test;

/** No two callers do the same thing in the same instant, however many see one election. */
class PaceTest {
    private static final Duration INTERVAL = Duration.ofMillis(50);

    private static Set<Long> draws(LongSupplier wait) {
        Set<Long> drawn = new HashSet<>();
        for (int i = 0; i < 1000; i++) {
            drawn.add(wait.getAsLong());
        }
        return drawn;
    }

    @Test
    void momentBeforeASessionDiffersFromCallerToCaller() {
        Set<Long> millis = draws(Pace::jitterMillis);
        assertThat(millis).hasSizeGreaterThan(10).allMatch(wait -> wait >= 0 && wait <= 16);
    }

    @Test
    void pauseBetweenTwoQuestionsDiffersFromOneToTheNext() {
        // The first epoch: this leader led before, as far as this JVM knows.
        Route led = Route.NONE.elected("node1", new HostPort("one", 5432), Topology.UNKNOWN);
        Pace pace = new Pace(INTERVAL);
        Set<Long> nanos = draws(() -> pace.pauseNanos(led, 1));
        assertThat(nanos)
                .hasSizeGreaterThan(10)
                .allMatch(pause -> pause >= INTERVAL.toNanos() * 7 / 10 && pause <= INTERVAL.toNanos() * 13 / 10);
    }
}
