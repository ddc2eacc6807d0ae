package io.github.pgbaton.scripted;

import java.nio.charset.StandardCharsets;

/** Reads the strings of one message. */
final class Fields {
    private final byte[] body;
    private int at;

    Fields(byte[] body) {
        this.body = body;
    }

    /** Of names and values in turn, as a startup message has them. */
    String valueOf(String name) {
        while (at < body.length) {
            boolean found = text().equals(name);
            String value = text();
            if (found) {
                return value;
            }
        }
        throw new IllegalArgumentException(name);
    }

    String text() {
        int end = at;
        while (body[end] != 0) {
            end++;
        }
        String text = new String(body, at, end - at, StandardCharsets.UTF_8);
        at = end + 1;
        return text;
    }
}
