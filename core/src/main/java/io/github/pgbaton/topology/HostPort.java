package io.github.pgbaton.topology;

import java.util.Locale;

/**
 * An address to dial: a host name or IP literal and a port from 1 to 65535.
 *
 * @param host without brackets, lower case; an IPv6 literal keeps its colons
 * @param port 1 to 65535
 */
public record HostPort(String host, int port) {

    public HostPort {
        if (host.isBlank() || host.chars().anyMatch(c -> c <= ' ' || c == '/' || c == '@' || c == 0x7f)) {
            throw new IllegalArgumentException("not a host name: \"" + printable(host) + "\"");
        }
        if (port < 1 || port > 65535) {
            throw new IllegalArgumentException("not a port (1 to 65535): " + port);
        }
        host = host.toLowerCase(Locale.ROOT);
    }

    /**
     * Reads {@code host}, {@code host:port}, {@code [v6]} or {@code [v6]:port}.
     *
     * @param text the address
     * @param defaultPort the port where the text has none
     * @return the address
     * @throws IllegalArgumentException when the text is none of these; the message quotes it
     */
    public static HostPort parse(String text, int defaultPort) {
        String trimmed = text.trim();
        int colon;
        String host;
        if (trimmed.startsWith("[")) {
            int close = trimmed.indexOf(']');
            if (close < 0 || (close + 1 < trimmed.length() && trimmed.charAt(close + 1) != ':')) {
                throw new IllegalArgumentException(
                        "not an address (host, host:port or [ipv6]:port): \"" + trimmed + "\"");
            }
            host = trimmed.substring(1, close);
            colon = close + 1 < trimmed.length() ? close + 1 : -1;
        } else {
            colon = trimmed.indexOf(':');
            if (colon != trimmed.lastIndexOf(':')) {
                throw new IllegalArgumentException(
                        "an IPv6 address needs brackets, [" + trimmed + "]:" + defaultPort + ": \"" + trimmed + "\"");
            }
            host = colon < 0 ? trimmed : trimmed.substring(0, colon);
        }
        if (colon < 0) {
            return new HostPort(host, defaultPort);
        }
        try {
            return new HostPort(host, Integer.parseInt(trimmed.substring(colon + 1)));
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("not a port (1 to 65535) in \"" + trimmed + "\"", e);
        }
    }

    private static String printable(String text) {
        return text.replaceAll("\\p{Cntrl}", "?");
    }

    /** As it stands in a URL: IPv6 literals in brackets. */
    @Override
    public String toString() {
        return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
    }
}
