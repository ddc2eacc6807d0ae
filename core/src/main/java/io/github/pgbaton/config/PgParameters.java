package io.github.pgbaton.config;

import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.postgresql.PGProperty;

/** Which parameter names a URL may hold, pgbaton's and PgJDBC's together; nothing else is known. */
final class PgParameters {
    /** PgJDBC's name of the database where it is a parameter; {@code dbname} is libpq's, which PgJDBC takes in a URL. */
    static final Set<String> DATABASE = Set.of(PGProperty.PG_DBNAME.getName(), "dbname");

    /** PgJDBC's names of what the URL itself always overrides where they stand in {@code Properties}. */
    static final Set<String> ADDRESS_PROPERTIES = Set.of(PGProperty.PG_HOST.getName(), PGProperty.PG_PORT.getName());

    /** In a URL these would send sessions elsewhere than to its members; the lower-case ones are libpq's. */
    static final Set<String> ADDRESS =
            Set.of(PGProperty.PG_HOST.getName(), PGProperty.PG_PORT.getName(), "host", "port");

    /** How PgJDBC picks among several hosts: pgbaton gives it one at a time. */
    static final Set<String> HOST_CHOICE =
            Set.of(PGProperty.LOAD_BALANCE_HOSTS.getName(), PGProperty.HOST_RECHECK_SECONDS.getName());

    static final String TARGET_SERVER_TYPE = PGProperty.TARGET_SERVER_TYPE.getName();

    /** What means the primary, or does not mind getting it. */
    static final Set<String> PRIMARY_TARGETS = Set.of("primary", "master", "any");

    /** Before the name of a type of the application's own, whose class is the value. */
    private static final String DATA_TYPE = "datatype.";

    private static final Set<String> PGJDBC =
            Arrays.stream(PGProperty.values()).map(PGProperty::getName).collect(Collectors.toUnmodifiableSet());

    private static final Collection<String> SUGGESTED = Stream.concat(
                    Arrays.stream(BatonProperty.values()).map(BatonProperty::key),
                    PGJDBC.stream().filter(name -> !ADDRESS.contains(name)).sorted())
            .collect(Collectors.toCollection(LinkedHashSet::new));

    private PgParameters() {}

    static boolean isKnown(String name) {
        return BatonProperty.of(name) != null
                || PGJDBC.contains(name)
                || DATABASE.contains(name)
                || (name.startsWith(DATA_TYPE) && name.length() > DATA_TYPE.length());
    }

    /** @return whether the value of a parameter of this name, known or not, is never to be shown */
    static boolean isSecret(String name) {
        return name.toLowerCase(Locale.ROOT).endsWith("password");
    }

    static boolean isEndpoint(String name) {
        BatonProperty property = BatonProperty.of(name);
        return property != null && property.kind() == BatonProperty.Kind.URI_LIST;
    }

    /**
     * @param name an unknown name
     * @return the known one that was probably meant, pgbaton's before PgJDBC's, the case not counting; empty where none
     *     resembles it
     */
    static Optional<String> nearest(String name) {
        String wanted = name.toLowerCase(Locale.ROOT);
        int allowed = Math.max(1, wanted.length() / 3);
        String best = null;
        for (String known : SUGGESTED) {
            int distance = distance(wanted, known.toLowerCase(Locale.ROOT));
            if (distance <= allowed) {
                best = known;
                allowed = distance - 1;
            }
        }
        return Optional.ofNullable(best);
    }

    /** Levenshtein's: how many letters to add, drop or change to get from one text to the other. */
    static int distance(String a, String b) {
        int[] row = new int[b.length() + 1];
        Arrays.setAll(row, j -> j);
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int change = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(change, Math.min(row[j], row[j - 1]) + 1);
            }
        }
        return row[b.length()];
    }
}
