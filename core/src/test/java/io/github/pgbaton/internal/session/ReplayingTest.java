package io.github.pgbaton.internal.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Replays that collided once do not collide again because they come back at the same time. */
class ReplayingTest {
    private static final int CALLERS = 500;

    /** Of a long storm too, in which everybody has come to the longest pause. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 5, 7, 8, 12, 40})
    void pausesOfManyCallersAreSpread(int attempt) {
        long middle = Math.min(20L << Math.min(attempt - 1, 10), 666);
        List<Long> pauses = LongStream.generate(() -> Replaying.pause(attempt))
                .limit(CALLERS)
                .boxed()
                .toList();

        assertThat(pauses).allMatch(pause -> pause >= middle / 2 && pause <= middle / 2 * 3);
        // Of so many draws each quarter of the range gets some: that one gets none has a probability of 1e-62.
        for (int quarter = 0; quarter < 4; quarter++) {
            long from = middle / 2 + quarter * middle / 4;
            assertThat(pauses).as("from %s ms", from).anyMatch(pause -> pause >= from && pause <= from + middle / 4);
        }
        assertThat(pauses).allMatch(pause -> pause <= 1000);
    }
}
