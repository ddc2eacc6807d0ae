package io.github.pgbaton.topology;

import java.util.Locale;
import java.util.regex.Pattern;

/**
 * An address to dial: a host name or IP literal and a port from 1 to 65535.
 *
 * @param host without brackets, lower case; an IPv6 literal keeps its colons
 * @param port 1 to 65535
 */
public record HostPort(String host, int port) {

    // A whitelist: addresses come from the DCS too and end up in URLs, where a ? or & would smuggle in parameters.
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_.-]+");
    private static final Pattern IPV6 = Pattern.compile("[0-9a-fA-F:.]*:[0-9a-fA-F:.]*(%[A-Za-z0-9_.-]+)?");
    private static final Pattern PORT = Pattern.compile("[0-9]{1,5}");

    public HostPort {
        if (!NAME.matcher(host).matches() && !IPV6.matcher(host).matches()) {
            throw new IllegalArgumentException("not a host name: " + quote(host));
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
        // where the host ends: the closing bracket of an IPv6 literal, else the only colon, else the end
        int end = trimmed.startsWith("[") ? trimmed.indexOf(']') + 1 : trimmed.indexOf(':');
        String host = trimmed;
        String rest = "";
        if (trimmed.startsWith("[")) {
            host = end > 0 ? trimmed.substring(1, end - 1) : "";
            rest = trimmed.substring(end);
            if (!IPV6.matcher(host).matches() || !(rest.isEmpty() || rest.startsWith(":"))) {
                throw new IllegalArgumentException(
                        "not an address (host, host:port or [ipv6]:port): " + quote(trimmed));
            }
        } else if (end >= 0) {
            host = trimmed.substring(0, end);
            rest = trimmed.substring(end);
            if (rest.indexOf(':', 1) > 0) {
                throw new IllegalArgumentException("not an address, an IPv6 one needs brackets: " + quote(trimmed));
            }
        }
        if (rest.isEmpty()) {
            return new HostPort(host, defaultPort);
        }
        if (!PORT.matcher(rest.substring(1)).matches()) {
            throw new IllegalArgumentException("not a port (1 to 65535) in " + quote(trimmed));
        }
        return new HostPort(host, Integer.parseInt(rest.substring(1)));
    }

    private static String quote(String text) {
        String line = text.replaceAll("\\p{Cntrl}", "?");
        return '"' + (line.length() > 100 ? line.substring(0, 100) + "..." : line) + '"';
    }

    /** As it stands in a URL: IPv6 literals in brackets. */
    @Override
    public String toString() {
        return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
    }
}
