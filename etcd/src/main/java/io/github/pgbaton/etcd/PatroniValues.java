package io.github.pgbaton.etcd;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import io.github.pgbaton.topology.ClusterSettings;
import io.github.pgbaton.topology.HostPort;
import io.github.pgbaton.topology.Member;
import io.github.pgbaton.topology.Role;
import io.github.pgbaton.topology.Switchover;
import io.github.pgbaton.topology.TimelineHistory;
import java.io.StringReader;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads the values that Patroni writes: pure functions that throw {@link BadValue} and nothing else, whatever the input.
 */
final class PatroniValues {
    static final int MAX_NAME = 255;
    private static final int MAX_VALUE = 1 << 20;
    private static final int POSTGRESQL_PORT = 5432;
    private static final BigDecimal LONGEST_SECONDS =
            BigDecimal.valueOf(Duration.ofDays(30).toSeconds());

    private PatroniValues() {}

    /** A value that cannot be used; the message never quotes it, for it may hold a password. */
    static final class BadValue extends Exception {
        BadValue(String message) {
            super(message);
        }
    }

    /** A member's name, as the leader key and the member keys have it. */
    static String name(String text) throws BadValue {
        if (text.isBlank() || text.length() > MAX_NAME) {
            throw new BadValue("a name of " + text.length() + " characters");
        }
        // U+FFFD is what malformed UTF-8 was decoded to: two different names could look the same.
        if (text.chars().anyMatch(c -> Character.isISOControl(c) || c == 0xFFFD)) {
            throw new BadValue("a name with unprintable characters");
        }
        return text;
    }

    /** {@code initialize}: the system identifier, null while the cluster is still being made. */
    static @Nullable String systemIdentifier(String text) throws BadValue {
        if (text.isEmpty()) {
            return null;
        }
        if (text.length() > 20 || !text.chars().allMatch(c -> c >= '0' && c <= '9')) {
            throw new BadValue("not a system identifier");
        }
        return text;
    }

    /** {@code members/<name>}. */
    static Member member(String name, String value) throws BadValue {
        if (value.startsWith("postgres")) {
            return new Member(name, address(value), Role.OTHER, ""); // what Patroni wrote before there was JSON
        }
        JsonObject json = object(value);
        String url = string(json.get("conn_url"));
        if (url == null) {
            throw new BadValue("no conn_url");
        }
        String state = string(json.get("state"));
        if (state == null || state.length() > MAX_NAME) {
            state = "";
        }
        JsonElement tags = json.get("tags");
        return new Member(
                name,
                address(url),
                Role.parse(string(json.get("role"))),
                state,
                proxy(string(json.get("proxy_url"))),
                false, // its sync key tells, and not its own
                !(tags instanceof JsonObject set && flag(set.get("noloadbalance"))),
                whole(json.get("timeline"), Integer.MAX_VALUE));
    }

    /** A pooler's address that cannot be read counts as none: the member itself is as good as ever. */
    private static @Nullable HostPort proxy(@Nullable String url) {
        try {
            return url == null ? null : address(url);
        } catch (BadValue e) {
            return null;
        }
    }

    /**
     * Whether {@code members/<name>} says that its Patroni is carrying out something long, other than a promotion:
     * PostgreSQL runs, and Patroni leaves out where it is in the WAL.
     */
    static boolean busy(String value) {
        try {
            JsonObject json = object(value);
            return "running".equals(string(json.get("state"))) && !json.has("xlog_location");
        } catch (BadValue e) {
            return false;
        }
    }

    /** The host and port of a conn_url, whose user, database and parameters are Patroni's own. */
    static HostPort address(String url) throws BadValue {
        int scheme = url.indexOf("://");
        if (scheme < 0 || !Set.of("postgres", "postgresql").contains(url.substring(0, scheme))) {
            throw new BadValue("conn_url is not postgres://host:port/...");
        }
        int start = scheme + 3;
        int end = start;
        while (end < url.length() && "/?#".indexOf(url.charAt(end)) < 0) {
            end++;
        }
        String authority = url.substring(start, end);
        authority = authority.substring(authority.lastIndexOf('@') + 1);
        if (authority.length() > MAX_NAME + 8 || authority.indexOf(',') >= 0 || authority.indexOf('%') >= 0) {
            throw new BadValue("conn_url does not name one host");
        }
        try {
            return HostPort.parse(authority, POSTGRESQL_PORT);
        } catch (IllegalArgumentException e) {
            // Not its message: in "postgres://user:secret/db" the host part is a password.
            throw new BadValue("conn_url is not postgres://host:port/...");
        }
    }

    /** {@code config}; a setting of the wrong type or size has its default, the others still count. */
    static ClusterSettings settings(String value) throws BadValue {
        JsonObject json = object(value);
        ClusterSettings defaults = ClusterSettings.DEFAULTS;
        return new ClusterSettings(
                seconds(json.get("ttl"), defaults.ttl()),
                seconds(json.get("loop_wait"), defaults.loopWait()),
                seconds(json.get("retry_timeout"), defaults.retryTimeout()),
                flag(json.get("pause")),
                flag(json.get("failsafe_mode")),
                standbyCluster(json.get("standby_cluster")),
                flag(json.get("synchronous_mode")) || "quorum".equalsIgnoreCase(string(json.get("synchronous_mode"))));
    }

    /** {@code history}: the current timeline is one more than the last that ended; {@code []} says it is the first. */
    static int timeline(String value) throws BadValue {
        if (!(json(value) instanceof JsonArray lines)) {
            throw new BadValue("not a list");
        }
        if (lines.isEmpty()) {
            return 1;
        }
        if (!(lines.get(lines.size() - 1) instanceof JsonArray last) || last.isEmpty()) {
            throw new BadValue("its last line is not a list");
        }
        BigDecimal number = number(last.get(0));
        if (number == null
                || number.signum() <= 0
                || number.compareTo(BigDecimal.valueOf(Integer.MAX_VALUE)) >= 0
                || number.stripTrailingZeros().scale() > 0) {
            throw new BadValue("its last line does not start with a timeline");
        }
        return number.intValue() + 1;
    }

    /** {@code history}, whole; a line that cannot be read spoils it, for where a timeline ended must not be guessed. */
    static TimelineHistory history(String value) throws BadValue {
        if (!(json(value) instanceof JsonArray lines)) {
            throw new BadValue("not a list");
        }
        List<TimelineHistory.Switch> switches = new ArrayList<>();
        for (JsonElement line : lines) {
            BigDecimal timeline = line instanceof JsonArray fields && fields.size() > 1 ? number(fields.get(0)) : null;
            BigDecimal lsn = line instanceof JsonArray fields && fields.size() > 1 ? number(fields.get(1)) : null;
            String leader = line instanceof JsonArray fields && fields.size() > 4 ? string(fields.get(4)) : null;
            try {
                switches.add(new TimelineHistory.Switch(
                        timeline == null ? 0 : timeline.intValueExact(),
                        lsn == null ? 0 : lsn.longValueExact(),
                        leader == null ? null : name(leader)));
            } catch (ArithmeticException e) {
                throw new BadValue("a line of it is not a timeline and a position");
            }
        }
        try {
            return new TimelineHistory(switches);
        } catch (IllegalArgumentException e) {
            throw new BadValue("its lines do not ascend");
        }
    }

    /** {@code failover}: null while nothing is announced. */
    static @Nullable Switchover switchover(String value) throws BadValue {
        if (value.isBlank()) {
            return null;
        }
        JsonObject json = object(value);
        String from = optionalName(json.get("leader"));
        String to = optionalName(json.get("member"));
        String at = string(json.get("scheduled_at"));
        return from == null && to == null ? null : new Switchover(from, to, at != null && !at.isBlank());
    }

    /** {@code sync}: the members for which the primary waits; empty without synchronous replication. */
    static Set<String> synchronous(String value) throws BadValue {
        String names = value.isBlank() ? null : string(object(value).get("sync_standby"));
        return names == null || names.isBlank()
                ? Set.of()
                : Set.copyOf(java.util.Arrays.asList(names.strip().split("\\s*,\\s*", -1)));
    }

    private static @Nullable String optionalName(@Nullable JsonElement element) throws BadValue {
        String text = string(element);
        return text == null || text.isEmpty() ? null : name(text);
    }

    private static JsonObject object(String value) throws BadValue {
        if (json(value) instanceof JsonObject object) {
            return object;
        }
        throw new BadValue("not a JSON object");
    }

    private static JsonElement json(String value) throws BadValue {
        if (value.length() > MAX_VALUE) {
            throw new BadValue("absurdly long: " + value.length() + " characters");
        }
        try {
            JsonReader reader = new JsonReader(new StringReader(value));
            reader.setStrictness(Strictness.STRICT);
            return JsonParser.parseReader(reader);
        } catch (RuntimeException e) {
            // Gson has several unchecked exceptions for malformed text, and more of them with every version.
            throw new BadValue("not JSON");
        }
    }

    private static @Nullable String string(@Nullable JsonElement element) {
        return element instanceof JsonPrimitive primitive && primitive.isString() ? primitive.getAsString() : null;
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

    /** A whole number from 1 to the limit, else 0. */
    private static int whole(@Nullable JsonElement element, int limit) {
        BigDecimal number = number(element);
        return number == null
                        || number.signum() <= 0
                        || number.compareTo(BigDecimal.valueOf(limit)) > 0
                        || number.stripTrailingZeros().scale() > 0
                ? 0
                : number.intValue();
    }

    private static Duration seconds(@Nullable JsonElement element, Duration otherwise) {
        BigDecimal number = number(element);
        if (number == null || number.signum() <= 0 || number.compareTo(LONGEST_SECONDS) > 0) {
            return otherwise;
        }
        return Duration.ofMillis(Math.max(1, number.movePointRight(3).longValue()));
    }

    /** Patroni's own idea of a boolean: true, 1, "on", "yes", "true", "1". */
    private static boolean flag(@Nullable JsonElement element) {
        if (!(element instanceof JsonPrimitive primitive)) {
            return false;
        }
        return Set.of("true", "on", "yes", "1").contains(primitive.getAsString().toLowerCase(Locale.ROOT));
    }

    /** Patroni takes {@code standby_cluster} for meant only with one of these. */
    private static boolean standbyCluster(@Nullable JsonElement element) {
        if (!(element instanceof JsonObject json)) {
            return false;
        }
        for (String key : new String[] {"host", "port", "restore_command"}) {
            JsonElement value = json.get(key);
            if (value instanceof JsonPrimitive primitive
                    && !primitive.getAsString().isEmpty()) {
                return true;
            }
        }
        return false;
    }
}
