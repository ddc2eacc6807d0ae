package io.github.pgbaton.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DurationTextTest {
    @ParameterizedTest
    @CsvSource({"60s, 60000", "500ms, 500", "2m, 120000", "1h, 3600000", "0, 0", "0ms, 0", "0h, 0", "007s, 7000"})
    void numberAndUnitMakeADuration(String text, long millis) {
        assertThat(DurationText.parse(text)).isEqualTo(Duration.ofMillis(millis));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "60",
                "00",
                "s",
                "-1s",
                "+1s",
                "1.5s",
                "1 s",
                " 1s",
                "1S",
                "1d",
                "1us",
                "PT1S",
                "1m30s",
                "1234567890s",
                "\u0661s"
            })
    void anythingElseIsNone(String text) {
        assertThat(DurationText.parse(text)).isNull();
    }

    @ParameterizedTest
    @ValueSource(strings = {"0ms", "1ms", "1500ms", "1s", "60s", "90s", "119s", "2m", "61m", "1h", "24h"})
    void whatIsWrittenReadsBack(String text) {
        Duration duration = DurationText.parse(text);
        assertThat(duration).isNotNull();
        if (duration != null) {
            assertThat(DurationText.format(duration)).isEqualTo(text);
        }
    }

    @Test
    void extremeAndNegativeDurationsAreWrittenButNotReadBack() {
        assertThat(DurationText.parse(DurationText.format(Duration.ofSeconds(Long.MAX_VALUE))))
                .isNull();
        assertThat(DurationText.parse(DurationText.format(Duration.ofSeconds(Long.MIN_VALUE))))
                .isNull();
        assertThat(DurationText.parse(DurationText.format(Duration.ofMillis(-5))))
                .isNull();
    }
}
