package io.github.pgbaton.internal.outcome;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class TokensTest {
    private static final int MORE_THAN_THE_COUNTER = 10_000;

    @Test
    void growsWhileTheClockStandsStill() {
        assertGrowing(new Tokens(() -> 1_700_000_000_000L, 42));
    }

    @Test
    void growsWhileTheClockGoesBack() {
        long[] millis = {1_700_000_000_000L};
        assertGrowing(new Tokens(() -> millis[0]--, 42));
    }

    @Test
    void sessionsOfTheSameMillisecondHaveDifferentTokens() {
        HashSet<UUID> tokens = new HashSet<>();
        for (int session = 0; session < 1000; session++) {
            tokens.add(new Tokens().next());
        }
        assertThat(tokens).hasSize(1000);
        assertThat(tokens.stream().map(UUID::getLeastSignificantBits)).doesNotHaveDuplicates();
    }

    @Test
    void tellsItsVersionAndItsTime() {
        UUID token = new Tokens(() -> 1_700_000_000_123L, -1).next();
        assertThat(token.version()).isEqualTo(7);
        assertThat(token.variant()).isEqualTo(2);
        assertThat(token.getMostSignificantBits() >>> 16).isEqualTo(1_700_000_000_123L);
        assertThat(token).hasToString("018bcfe5-687b-7000-bfff-ffffffffffff");
    }

    private static void assertGrowing(Tokens tokens) {
        List<UUID> given = new ArrayList<>();
        for (int i = 0; i < MORE_THAN_THE_COUNTER; i++) {
            given.add(tokens.next());
        }
        assertThat(given).doesNotHaveDuplicates();
        // As PostgreSQL orders them, and not as UUID.compareTo does.
        assertThat(given.stream().map(UUID::toString)).isSorted();
    }
}
