package io.github.pgbaton.config;

import io.github.pgbaton.topology.HostPort;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A URL of pgbaton taken apart, immutable: the seeds, the database and parameters whose names are all known.
 *
 * <pre>{@code jdbc:pgbaton:postgresql://pg1:5432,[2001:db8::2]:5432/mydb?etcd=http://e1:2379&scope=pgcluster}</pre>
 *
 * <p>It reads a URL as PgJDBC does: members are separated by commas, the slash behind them is required, the database
 * and the values are percent-decoded with {@code +} as a space, a parameter without {@code =} is empty. It is stricter
 * in four ways, because PgJDBC's silence here costs hours: a parameter that neither pgbaton nor PgJDBC knows, a
 * parameter given twice, user and password before the members, and members given as parameters are errors.
 *
 * <p>Values are not judged here but by {@link BatonConfig}.
 */
public final class JdbcUrl {
    private static final String PREFIX = "jdbc:pgbaton:";
    private static final String START = PREFIX + "postgresql://";
    private static final String FORM = START + "host:port,host:port/database?parameter=value";
    private static final int POSTGRESQL_PORT = 5432;
    private static final Pattern SHOWABLE_NAME = Pattern.compile("[A-Za-z][A-Za-z0-9_.-]{0,40}");

    private final List<HostPort> seeds;
    private final @Nullable String database;
    private final Map<String, String> parameters;

    private JdbcUrl(List<HostPort> seeds, @Nullable String database, Map<String, String> parameters) {
        this.seeds = seeds;
        this.database = database;
        this.parameters = parameters;
    }

    /**
     * @param url any JDBC URL, or null
     * @return whether the URL is meant for pgbaton; {@link #parse} may still refuse it, with a reason
     */
    public static boolean accepts(@Nullable String url) {
        return url != null && url.startsWith(PREFIX);
    }

    /**
     * @param url a URL that starts with {@code jdbc:pgbaton:postgresql://}
     * @return its parts
     * @throws SQLException 08001 where the part before the parameters is malformed, 22023 where a parameter is unknown,
     *     given twice or not percent-encoded; no message shows a value
     */
    public static JdbcUrl parse(String url) throws SQLException {
        if (!url.startsWith(START)) {
            throw malformed("it does not start with " + START);
        }
        int question = url.indexOf('?');
        String front = url.substring(START.length(), question < 0 ? url.length() : Math.max(question, START.length()));
        int slash = front.indexOf('/');
        // A secret may hide in whatever surrounds an @, so nothing of such a URL is quoted from here on.
        String authority = slash < 0 ? front : front.substring(0, slash);
        if (authority.contains("@") || authority.contains("%40")) {
            throw malformed("user and password do not belong before the members, use the properties user and password");
        }
        if (slash < 0) {
            throw malformed("the members must be followed by a slash, with or without a database behind it");
        }
        String path = front.substring(slash + 1);
        if (path.indexOf('/') >= 0) {
            throw malformed("only one slash may follow the members; write a slash within the database's name as %2F");
        }
        String database = decode(path);
        if (database == null) {
            throw malformed(
                    "the database's name has a % that is not followed by two hexadecimal digits of a character");
        }
        return new JdbcUrl(
                seeds(authority, url.indexOf('@') < 0),
                database.isEmpty() ? null : database,
                parameters(question < 0 ? "" : url.substring(question + 1)));
    }

    private static List<HostPort> seeds(String authority, boolean quotable) throws SQLException {
        if (authority.isEmpty()) {
            return List.of();
        }
        LinkedHashSet<HostPort> seeds = new LinkedHashSet<>();
        int position = 0;
        for (String member : authority.split(",", -1)) {
            position++;
            try {
                seeds.add(HostPort.parse(member, POSTGRESQL_PORT));
            } catch (IllegalArgumentException e) {
                String why = quotable ? ": " + e.getMessage() : " is not host, host:port or [ipv6]:port";
                throw malformed("member " + position + why);
            }
        }
        return List.copyOf(seeds);
    }

    private static Map<String, String> parameters(String query) throws SQLException {
        Map<String, String> parameters = new LinkedHashMap<>();
        String previous = "";
        int rest = 0;
        for (String token : query.split("&", -1)) {
            String following = query.substring(rest);
            rest += token.length() + 1;
            if (token.isEmpty()) {
                continue;
            }
            int equals = token.indexOf('=');
            String name = equals < 0 ? token : token.substring(0, equals);
            checkName(name, previous, following);
            String value = decode(equals < 0 ? "" : token.substring(equals + 1));
            if (value == null) {
                throw ConfigErrors.invalidValue("the value of " + name
                        + " has a % that is not followed by two hexadecimal digits; write % itself as %25");
            }
            if (parameters.put(name, value) != null) {
                throw ConfigErrors.invalidValue("the URL gives " + name + " twice; only once is accepted");
            }
            previous = name;
        }
        return Collections.unmodifiableMap(parameters);
    }

    private static void checkName(String name, String previous, String following) throws SQLException {
        if (PgParameters.ADDRESS.contains(name)) {
            throw ConfigErrors.invalidValue(
                    "the URL gives " + name + " as a parameter; members are accepted before the slash only: " + FORM);
        }
        if (PgParameters.isKnown(name)) {
            return;
        }
        // Most likely the rest of a password with an & in it, or of an endpoint with such a password: shown to nobody.
        if (PgParameters.isSecret(previous) || (PgParameters.isEndpoint(previous) && following.indexOf('@') >= 0)) {
            throw ConfigErrors.invalidValue("the parameter after " + previous
                    + " is unknown; if it belongs to the value of " + previous + ", write & as %26");
        }
        if (!SHOWABLE_NAME.matcher(name).matches()) {
            throw ConfigErrors.invalidValue("the URL has a parameter whose name is not one of letters and digits"
                    + (previous.isEmpty() ? "" : ", after " + previous));
        }
        Optional<String> nearest = PgParameters.nearest(name);
        throw ConfigErrors.invalidValue("unknown parameter " + name + " in the URL"
                + nearest.map(known -> ", did you mean " + known + "?")
                        .orElse("; neither pgbaton nor PgJDBC has one of that name"));
    }

    private static @Nullable String decode(String text) {
        try {
            return URLDecoder.decode(text, StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            return null; // its message quotes the text
        }
    }

    private static SQLException malformed(String why) {
        return ConfigErrors.unusableUrl("malformed URL: " + why + "; accepted: " + FORM);
    }

    /** @return the members named before the slash, in that order, each once; may be empty */
    public List<HostPort> seeds() {
        return seeds;
    }

    /**
     * @return the database's name, decoded; null where the URL names none behind the slash, and then PgJDBC takes the
     *     name of the user
     */
    public @Nullable String database() {
        return database;
    }

    /** @return the parameters in the order of the URL, decoded, unmodifiable; passwords may be among them */
    public Map<String, String> parameters() {
        return parameters;
    }

    /** For logs: the values of the parameters are left out. */
    @Override
    public String toString() {
        return START + seeds.stream().map(HostPort::toString).collect(Collectors.joining(",")) + "/"
                + (database == null ? "" : database)
                + (parameters.isEmpty()
                        ? ""
                        : parameters.keySet().stream().collect(Collectors.joining("=...&", "?", "=...")));
    }
}
