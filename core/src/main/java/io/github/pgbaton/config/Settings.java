package io.github.pgbaton.config;

import io.github.pgbaton.topology.HostPort;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The values given, as text, and how each kind is read; a value that is not accepted is always an {@link InvalidSettingException}. */
final class Settings {
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
        String value = Objects.requireNonNull(value(property));
        Duration duration = DurationText.parse(value);
        if (duration == null) {
            throw InvalidSettingException.of(property, value, "is not " + DurationText.FORMS);
        }
        if (duration.compareTo(bound(property.least())) < 0 || duration.compareTo(bound(property.most())) > 0) {
            throw InvalidSettingException.of(property, value, "is out of range");
        }
        return duration;
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
        Set<URI> uris = new LinkedHashSet<>();
        for (String element : value.split(",", -1)) {
            uris.add(uri(property, element.strip()));
        }
        return List.copyOf(uris);
    }

    private static URI uri(BatonProperty property, String element) {
        if (element.indexOf('@') >= 0 || element.indexOf('%') >= 0) {
            // not shown: what stands before an @ is most likely a password
            String why = property == BatonProperty.ETCD
                    ? "user and password do not belong in an endpoint, use etcdUser and etcdPassword"
                    : "user and password do not belong in an endpoint";
            throw InvalidSettingException.of(property, null, why);
        }
        String shown = element.replaceAll("[?#].*", "?...");
        int separator = element.indexOf("://");
        String scheme = separator < 0 ? "" : element.substring(0, separator);
        if (!scheme.equals("http") && !scheme.equals("https")) {
            throw InvalidSettingException.of(property, shown, "does not start with http:// or https://");
        }
        String authority = element.substring(separator + 3);
        if (authority.endsWith("/")) {
            authority = authority.substring(0, authority.length() - 1);
        }
        if (authority.matches(".*[/?#].*")) {
            throw InvalidSettingException.of(property, shown, "has a path or a query");
        }
        try {
            URI uri = new URI(scheme + "://" + HostPort.parse(authority, property.defaultPort()));
            if (uri.getHost() == null) {
                throw InvalidSettingException.of(property, shown, "the host is not allowed in a URL");
            }
            return uri;
        } catch (URISyntaxException e) {
            throw InvalidSettingException.of(property, shown, "is not a URL");
        } catch (InvalidSettingException e) {
            throw e;
        } catch (IllegalArgumentException e) {
            throw InvalidSettingException.of(property, shown, String.valueOf(e.getMessage()));
        }
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
