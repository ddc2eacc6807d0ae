package io.github.pgbaton.config;

import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Durations as one writes them in a URL: a whole number and a unit, so that no reader has to guess the unit. */
final class DurationText {
    /** For messages; the unit is not optional because PgJDBC's own timeouts mix seconds and milliseconds. */
    static final String FORMS = "a whole number with ms, s, m or h, such as 500ms or 60s, or 0";

    private static final Pattern FORM = Pattern.compile("([0-9]{1,9})(ms|s|m|h)");

    private DurationText() {}

    /**
     * @param text what was written
     * @return the duration, null where the text is none of {@link #FORMS}
     */
    static @Nullable Duration parse(String text) {
        if (text.equals("0")) {
            return Duration.ZERO;
        }
        Matcher form = FORM.matcher(text);
        if (!form.matches()) {
            return null;
        }
        long number = Long.parseLong(form.group(1));
        return switch (form.group(2)) {
            case "ms" -> Duration.ofMillis(number);
            case "s" -> Duration.ofSeconds(number);
            case "m" -> Duration.ofMinutes(number);
            default -> Duration.ofHours(number);
        };
    }

    /**
     * @param duration to be written; parts of a millisecond are cut off
     * @return the shortest text that {@link #parse} reads back, in seconds below two minutes; a negative duration keeps
     *     its sign, which {@code parse} then refuses
     */
    static String format(Duration duration) {
        // toMillis would overflow for the largest durations, which only a refusal will ever show
        if (duration.toSeconds() > Integer.MAX_VALUE || duration.toSeconds() < Integer.MIN_VALUE) {
            return duration.toSeconds() + "s";
        }
        long millis = duration.toMillis();
        if (millis % 1000 != 0 || millis == 0) {
            return millis + "ms";
        }
        long seconds = millis / 1000;
        if (seconds % 60 != 0 || Math.abs(seconds) < 120) {
            return seconds + "s";
        }
        return seconds % 3600 == 0 ? seconds / 3600 + "h" : seconds / 60 + "m";
    }
}
