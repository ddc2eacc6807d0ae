package io.github.pgbaton.config;

import io.github.pgbaton.topology.HostPort;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The values given, as text, and how each kind is read; a value that is not accepted is always an {@link InvalidSettingException}. */
final class Settings {
    /** Scheme, authority, and whatever follows. */
    private static final Pattern ENDPOINT = Pattern.compile("(https?)://([^/?#]*)(.*)", Pattern.DOTALL);

    /** What surely holds no password: a colon is followed by a port and nothing else. */
    private static final Pattern SHOWABLE_ENDPOINT = Pattern.compile(
            "([A-Za-z]{1,8}://)?(\\[[0-9A-Fa-f:.]*]|[A-Za-z0-9._-]*)(:[0-9]{0,5})?(/[A-Za-z0-9/._-]*)?([?#].*)?");

    private final Map<BatonProperty, String> given = new EnumMap<>(BatonProperty.class);

    void put(BatonProperty property, String value) {
        given.put(property, value);
    }

    boolean has(BatonProperty property) {
        return given.containsKey(property);
    }

    /** Reads TEXT and SECRET. */
    @Nullable
    String text(BatonProperty property) {
        String value = value(property);
        if (value != null && value.chars().anyMatch(Character::isISOControl)) {
            throw InvalidSettingException.of(property, value, "holds a control character");
        }
        return value;
    }

    @Nullable
    String name(BatonProperty property) {
        String value = text(property);
        if (value != null && value.chars().anyMatch(c -> c == '/' || Character.isWhitespace(c))) {
            throw InvalidSettingException.of(property, value, "holds a slash or white space");
        }
        return value;
    }

    /** @return the path as Patroni joins it: slashes collapsed, one in front, none behind; empty for the root */
    String path(BatonProperty property) {
        String value = Objects.requireNonNull(text(property));
        if (value.chars().anyMatch(Character::isWhitespace)) {
            throw InvalidSettingException.of(property, value, "holds white space");
        }
        return ("/" + value).replaceAll("/+", "/").replaceAll("/$", "");
    }

    @Nullable
    Path file(BatonProperty property) {
        String value = text(property);
        if (value == null) {
            return null;
        }
        try {
            Path path = Path.of(value);
            if (!Files.isRegularFile(path)) {
                throw InvalidSettingException.of(property, value, Files.exists(path) ? "is no file" : "does not exist");
            }
            if (!Files.isReadable(path)) {
                throw InvalidSettingException.of(property, value, "cannot be read by this process");
            }
            return path;
        } catch (InvalidPathException e) {
            throw InvalidSettingException.of(property, value, "is not a path");
        }
    }

    Duration duration(BatonProperty property) {
        return Objects.requireNonNull(optionalDuration(property));
    }

    @Nullable
    Duration optionalDuration(BatonProperty property) {
        String value = value(property);
        if (value == null) {
            return null;
        }
        Duration duration = DurationText.parse(value);
        if (duration == null) {
            throw InvalidSettingException.of(property, value, "is not " + DurationText.FORMS);
        }
        if (duration.compareTo(bound(property.least())) < 0 || duration.compareTo(bound(property.most())) > 0) {
            throw InvalidSettingException.of(property, value, "is out of range");
        }
        return duration;
    }

    /** @return bytes */
    long size(BatonProperty property) {
        String value = Objects.requireNonNull(value(property));
        long bytes = SizeText.parse(value);
        if (bytes < 0) {
            throw InvalidSettingException.of(property, value, "is not " + SizeText.FORMS);
        }
        if (bytes < SizeText.parse(Objects.requireNonNull(property.least()))
                || bytes > SizeText.parse(Objects.requireNonNull(property.most()))) {
            throw InvalidSettingException.of(property, value, "is out of range");
        }
        return bytes;
    }

    /** @return names in lower case, each once */
    Set<String> names(BatonProperty property) {
        String value = text(property);
        if (value == null) {
            return Set.of();
        }
        Set<String> names = new LinkedHashSet<>();
        for (String name : value.split(",", -1)) {
            String trimmed = name.strip().toLowerCase(Locale.ROOT);
            if (!trimmed.matches("[\\p{L}_][\\p{L}\\p{N}_$]*")) {
                throw InvalidSettingException.of(property, value, "holds what is no plain SQL name");
            }
            names.add(trimmed);
        }
        return names;
    }

    MemberMap memberMap(BatonProperty property) {
        String value = text(property);
        if (value == null) {
            return MemberMap.NONE;
        }
        try {
            return MemberMap.parse(value);
        } catch (IllegalArgumentException e) {
            throw InvalidSettingException.of(property, value, String.valueOf(e.getMessage()));
        }
    }

    int count(BatonProperty property) {
        String value = Objects.requireNonNull(value(property));
        // Longer than any bound is out of range, not an overflow.
        if (!value.matches("[0-9]{1,9}")) {
            throw InvalidSettingException.of(property, value, "is not a whole number in that range");
        }
        int count = Integer.parseInt(value);
        if (count < Integer.parseInt(Objects.requireNonNull(property.least()))
                || count > Integer.parseInt(Objects.requireNonNull(property.most()))) {
            throw InvalidSettingException.of(property, value, "is out of range");
        }
        return count;
    }

    /** Reads CHOICE: the constants' names, in lower case. */
    <E extends Enum<E>> E choice(BatonProperty property, Class<E> type) {
        String value = Objects.requireNonNull(value(property));
        int index = property.words().indexOf(value);
        if (index < 0) {
            throw InvalidSettingException.of(property, value, "is none of them");
        }
        return type.getEnumConstants()[index];
    }

    private static Duration bound(@Nullable String text) {
        return Objects.requireNonNull(DurationText.parse(Objects.requireNonNull(text)));
    }

    /** @return the endpoints in the order given, each once and with its port; empty where the property is not given */
    List<URI> uris(BatonProperty property) {
        String value = value(property);
        if (value == null) {
            return List.of();
        }
        if (value.indexOf('@') >= 0 || value.indexOf('%') >= 0) {
            String instead = property == BatonProperty.ETCD ? ", use etcdUser and etcdPassword" : "";
            throw InvalidSettingException.of(
                    property, null, "user and password do not belong in an endpoint" + instead);
        }
        // All or nothing: a password with a comma in it spans two elements, and either half may look like a host.
        boolean showable = Arrays.stream(value.split(",", -1))
                .allMatch(element -> SHOWABLE_ENDPOINT.matcher(element.strip()).matches());
        Set<URI> uris = new LinkedHashSet<>();
        for (String element : value.split(",", -1)) {
            uris.add(uri(property, element.strip(), showable));
        }
        return List.copyOf(uris);
    }

    private static URI uri(BatonProperty property, String element, boolean showable) {
        String shown = showable ? element.replaceAll("[?#].*", "?...") : null;
        Matcher form = ENDPOINT.matcher(element);
        if (!form.matches()) {
            throw InvalidSettingException.of(property, shown, "does not start with http:// or https://");
        }
        String authority = form.group(2);
        if (!form.group(3).isEmpty() && !form.group(3).equals("/")) {
            throw InvalidSettingException.of(property, shown, "has a path or a query");
        }
        try {
            URI uri = new URI(form.group(1) + "://" + HostPort.parse(authority, property.defaultPort()));
            // java.net.URI knows no host with an underscore, and then neither do the clients
            if (uri.getHost() != null) {
                return uri;
            }
        } catch (URISyntaxException | IllegalArgumentException e) {
            // both quote what they were given; falls through to the refusal
        }
        throw InvalidSettingException.of(property, shown, "holds no valid host, host:port or [ipv6]:port");
    }

    /** @return the value given, else the default, else null; never empty */
    private @Nullable String value(BatonProperty property) {
        String value = given.get(property);
        if (value == null) {
            return property.defaultText();
        }
        if (value.isBlank()) {
            throw InvalidSettingException.of(property, null, "is empty, leave it out instead");
        }
        return value;
    }
}
