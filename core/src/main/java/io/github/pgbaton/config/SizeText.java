package io.github.pgbaton.config;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A number of bytes as text, a whole number with a unit; stateless. */
final class SizeText {
    static final String FORMS = "a whole number of B, KiB, MiB or GiB, such as 8MiB";

    private static final Pattern SIZE = Pattern.compile("([0-9]{1,9})(B|KiB|MiB|GiB)");

    private SizeText() {}

    /** @return bytes, -1 where the text is none */
    static long parse(String text) {
        Matcher matcher = SIZE.matcher(text);
        if (!matcher.matches()) {
            return -1;
        }
        long number = Long.parseLong(matcher.group(1));
        return switch (matcher.group(2)) {
            case "KiB" -> number << 10;
            case "MiB" -> number << 20;
            case "GiB" -> number << 30;
            default -> number;
        };
    }
}
