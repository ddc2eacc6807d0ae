package io.github.pgbaton.topology;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.github.pgbaton.topology.TimelineHistory.Switch;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Up to where one timeline is part of another one. */
class TimelineHistoryTest {
    private static TimelineHistory of(Switch... switches) {
        return new TimelineHistory(List.of(switches));
    }

    @Test
    void oneHopEndsWhereTheNextTimelineBegan() {
        TimelineHistory history = of(new Switch(1, 100, "b"));

        assertThat(history.end(1, 2)).hasValue(100);
        assertThat(history.newest()).isEqualTo(2);
        assertThat(history.leader(2)).isEqualTo("b");
    }

    @Test
    void ofSeveralHopsTheLeastCounts() {
        TimelineHistory history =
                of(new Switch(1, 50, "a"), new Switch(2, 300, "b"), new Switch(3, 200, "c"), new Switch(5, 400, "d"));

        assertThat(history.end(2, 6)).hasValue(200);
        assertThat(history.end(3, 6)).hasValue(200);
        assertThat(history.end(5, 6)).hasValue(400);
        assertThat(history.end(1, 6)).hasValue(50);
    }

    @Test
    void aTimelineThatTheHistoryDoesNotTellOfHasNoEnd() {
        TimelineHistory history = of(new Switch(2, 300, "b"), new Switch(3, 400, null));

        assertThat(history.end(1, 4)).as("cut off").isEmpty();
        assertThat(history.end(2, 5)).as("not written yet").isEmpty();
        assertThat(history.end(2, 3)).as("of another primary").isEmpty();
        assertThat(history.end(4, 4)).as("no hop").isEmpty();
        assertThat(TimelineHistory.NONE.end(1, 2)).isEmpty();
        assertThat(history.leader(4)).isNull();
        assertThat(history.leader(2)).isNull();
    }

    @Test
    void whatDoesNotAscendIsNoHistory() {
        assertThatIllegalArgumentException().isThrownBy(() -> of(new Switch(2, 1, null), new Switch(2, 2, null)));
        assertThatIllegalArgumentException().isThrownBy(() -> of(new Switch(0, 1, null)));
        assertThatIllegalArgumentException().isThrownBy(() -> of(new Switch(1, 0, null)));
    }
}
