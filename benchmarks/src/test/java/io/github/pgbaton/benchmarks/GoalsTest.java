package io.github.pgbaton.benchmarks;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What {@code --check} says and returns. */
class GoalsTest {
    private final Goals goals = new Goals("it");
    private final ByteArrayOutputStream printed = new ByteArrayOutputStream();

    private int report() {
        return goals.report(new PrintStream(printed, true, UTF_8));
    }

    @Test
    void whatIsJustAtItsGoalMeetsIt() {
        goals.atMost("time", Optional.of(Duration.ofMillis(50)), Duration.ofMillis(50));
        goals.atMost("size", 1.05, 1.05, "");
        goals.atLeast("ratio", 0.99, 0.99);
        goals.none("errors", 0);

        assertThat(report()).isZero();
        assertThat(printed.toString(UTF_8)).isEqualToNormalizingNewlines("it: every goal was met\n");
    }

    @Test
    void eachMissedGoalIsALineWithBothValues() {
        goals.atMost("time", Optional.of(Duration.ofNanos(50_400_000)), Duration.ofMillis(50));
        goals.atMost("size", 2.25, 2, " ns");
        goals.atLeast("ratio", 0.989, 0.99);
        goals.none("errors", 3);

        assertThat(report()).isOne();
        assertThat(printed.toString(UTF_8)).isEqualToNormalizingNewlines("""
                missed: it: time 50.4 ms, the goal is at most 50 ms
                missed: it: size 2.25 ns, the goal is at most 2 ns
                missed: it: ratio 0.989, the goal is at least 0.99
                missed: it: errors 3, the goal is none
                """);
    }

    @Test
    void whatNeverEndedAndWhatIsNoNumberMeetNothing() {
        goals.atMost("time", Optional.empty(), Duration.ofDays(1));
        goals.atMost("size", Double.NaN, 1, "");
        goals.atLeast("ratio", Double.NaN, 0);

        assertThat(goals.missed()).hasSize(3);
        assertThat(goals.missed().get(0)).contains("time never");
    }
}
