package io.github.pgbaton.internal.rest;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import java.io.StringReader;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Takes values out of JSON that anybody may have written: what has the wrong type counts as absent, nothing throws but BadAnswer. */
final class Json {
    static final int MAX_NAME = 255;
    private static final BigDecimal LONGEST_SECONDS =
            BigDecimal.valueOf(Duration.ofDays(30).toSeconds());

    private Json() {}

    /** An answer that cannot be used; the message does not quote it. */
    static final class BadAnswer extends Exception {
        BadAnswer(String message) {
            super(message);
        }
    }

    static JsonObject object(String text) throws BadAnswer {
        if (parse(text) instanceof JsonObject object) {
            return object;
        }
        throw new BadAnswer("its answer is not a JSON object");
    }

    static JsonArray array(String text) throws BadAnswer {
        if (parse(text) instanceof JsonArray array) {
            return array;
        }
        throw new BadAnswer("its answer is not a JSON list");
    }

    private static JsonElement parse(String text) throws BadAnswer {
        try {
            JsonReader reader = new JsonReader(new StringReader(text));
            reader.setStrictness(Strictness.STRICT);
            return JsonParser.parseReader(reader);
        } catch (RuntimeException | StackOverflowError e) {
            // Gson has several unchecked exceptions for malformed text, and more of them with every version.
            throw new BadAnswer("its answer is not JSON");
        }
    }

    static @Nullable String string(@Nullable JsonElement element) {
        return element instanceof JsonPrimitive primitive && primitive.isString() ? primitive.getAsString() : null;
    }

    /** Text fit for a log line and a key, null where there is none. */
    static @Nullable String name(@Nullable JsonElement element) {
        String text = string(element);
        // U+FFFD is what malformed UTF-8 was decoded to: two different names could look the same.
        return text == null
                        || text.isBlank()
                        || text.length() > MAX_NAME
                        || text.chars().anyMatch(c -> Character.isISOControl(c) || c == 0xFFFD)
                ? null
                : text;
    }

    /** A whole number from 1 to the limit, else 0. */
    static int positive(@Nullable JsonElement element, int limit) {
        BigDecimal number = element instanceof JsonPrimitive primitive && primitive.isNumber() ? number(element) : null;
        return number == null
                        || number.signum() <= 0
                        || number.compareTo(BigDecimal.valueOf(limit)) > 0
                        || number.stripTrailingZeros().scale() > 0
                ? 0
                : number.intValue();
    }

    /** A whole number from 1, else 0. */
    static long whole(@Nullable JsonElement element) {
        BigDecimal number = element instanceof JsonPrimitive primitive && primitive.isNumber() ? number(element) : null;
        try {
            return number == null ? 0 : Math.max(0, number.longValueExact());
        } catch (ArithmeticException e) {
            return 0;
        }
    }

    static Duration seconds(@Nullable JsonElement element, Duration otherwise) {
        BigDecimal number = number(element);
        if (number == null || number.signum() <= 0 || number.compareTo(LONGEST_SECONDS) > 0) {
            return otherwise;
        }
        return Duration.ofMillis(Math.max(1, number.movePointRight(3).longValue()));
    }

    /** Patroni's own idea of a boolean: true, 1, "on", "yes", "true", "1". */
    static boolean flag(@Nullable JsonElement element) {
        return element instanceof JsonPrimitive primitive
                && Set.of("true", "on", "yes", "1")
                        .contains(primitive.getAsString().toLowerCase(Locale.ROOT));
    }

    private static @Nullable BigDecimal number(@Nullable JsonElement element) {
        if (!(element instanceof JsonPrimitive primitive) || primitive.isBoolean()) {
            return null;
        }
        String text = primitive.getAsString();
        if (text.length() > 20) {
            return null; // 1e999999999 as a BigDecimal is small, as an integer it is a heap full of zeros
        }
        try {
            BigDecimal number = new BigDecimal(text.trim());
            return Math.abs((long) number.scale()) > 40 ? null : number;
        } catch (NumberFormatException e) {
            return null;
        }
    }
}
