package io.github.pgbaton.config;

import org.jspecify.annotations.Nullable;

/**
 * A refused value; its message names the property, the value and what is accepted, and never a secret.
 *
 * <p>It has no cause: what the JDK's parsers throw quotes their input, and a cause is printed with every stack trace.
 */
final class InvalidSettingException extends IllegalArgumentException {
    private static final int LONGEST_QUOTE = 100;

    InvalidSettingException(String message) {
        super(message);
    }

    /**
     * @param property whose value is refused
     * @param shown the part of the value to show, null to show none; a {@link BatonProperty.Kind#SECRET} is never shown
     * @param why what is wrong with it
     */
    static InvalidSettingException of(BatonProperty property, @Nullable String shown, String why) {
        // a key pasted where its file's name belongs is a secret too
        boolean hide = shown == null || property.kind() == BatonProperty.Kind.SECRET || shown.contains("-----BEGIN");
        return new InvalidSettingException(
                property.key() + (hide ? ": " : "=" + quote(shown) + " ") + why + "; accepted: " + property.accepts());
    }

    /** @return the text in quotes, on one line and no longer than a line */
    static String quote(@Nullable String text) {
        String line = String.valueOf(text).replaceAll("\\p{Cntrl}", "?");
        return '"' + (line.length() > LONGEST_QUOTE ? line.substring(0, LONGEST_QUOTE) + "..." : line) + '"';
    }
}
