package io.github.pgbaton.config;

import java.sql.DriverPropertyInfo;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Every property of pgbaton, and the only place where one is defined; names never clash with PgJDBC's. */
public enum BatonProperty {
    ETCD(
            "etcd",
            null,
            Kind.URI_LIST,
            Limits.port(2379),
            "etcd endpoints; needs the `pgbaton-etcd` dependency and `scope`"),
    PATRONI(
            "patroni",
            null,
            Kind.URI_LIST,
            Limits.port(8008),
            "Patroni REST endpoints; with `etcd` they are its fallback"),
    SCOPE("scope", null, Kind.NAME, Limits.NONE, "Patroni's scope, the cluster's name; required with `etcd`"),
    NAMESPACE("namespace", "/service", Kind.PATH, Limits.NONE, "Patroni's namespace in the DCS"),
    ETCD_USER(
            "etcdUser",
            null,
            Kind.TEXT,
            Limits.NONE,
            "user for etcd's authentication; needs read on the cluster's keys"),
    ETCD_PASSWORD("etcdPassword", null, Kind.SECRET, Limits.NONE, "password of `etcdUser`"),
    ETCD_CA_FILE(
            "etcdCaFile",
            null,
            Kind.FILE,
            Limits.NONE,
            "PEM file with the authorities that may sign etcd's certificate; without it, the JVM's"),
    ETCD_CERT_FILE(
            "etcdCertFile",
            null,
            Kind.FILE,
            Limits.NONE,
            "PEM file with the client certificate for etcd; goes with `etcdKeyFile`"),
    ETCD_KEY_FILE(
            "etcdKeyFile",
            null,
            Kind.FILE,
            Limits.NONE,
            "PEM file with the client key for etcd (PKCS#8); goes with `etcdCertFile`"),
    MEMBER_MAP(
            "memberMap",
            null,
            Kind.MEMBER_MAP,
            Limits.NONE,
            "where this client reaches members that announce other addresses, as behind NAT or in containers"),
    FAILOVER_TIMEOUT(
            "failoverTimeout",
            "60s",
            Kind.DURATION,
            Limits.range("100ms", "24h"),
            "how long a call waits for a writable primary before it fails with 08001"),
    PROBE_INTERVAL(
            "probeInterval",
            "25ms",
            Kind.DURATION,
            Limits.range("5ms", "1s"),
            "how often a newly elected leader is asked whether it takes writes yet; more often right after its election"),
    HANDSHAKE_TIMEOUT(
            "handshakeTimeout",
            "5s",
            Kind.DURATION,
            Limits.range("100ms", "5m"),
            "how long opening one session may take, TCP, TLS and authentication together"),
    SWITCHOVER_HOLD(
            "switchoverHold",
            "5s",
            Kind.DURATION,
            Limits.range("0ms", "1m"),
            "how long new transactions are held back, once a switchover is announced, for the new primary; `0` for not at all"),
    HANG_THRESHOLD(
            "hangThreshold",
            null,
            Kind.DURATION,
            Limits.range("0ms", "1h"),
            "how long a call may wait for the server before the server itself is checked; without it a third of Patroni's"
                    + " ttl, `0` for never"),
    LEADER_PROOF(
            "leaderProof",
            "available",
            Kind.CHOICE,
            Limits.oneOf(LeaderProof.class),
            "what happens once neither `etcd` nor `patroni` has confirmed a leader for Patroni's ttl: with `available`"
                    + " PostgreSQL itself is asked and work goes on, with `strict` nothing new is begun"),
    CONNECT_LIMIT(
            "connectLimit",
            "16",
            Kind.COUNT,
            Limits.range("1", "1000"),
            "how many sessions this JVM opens to the primary at once, and how many to replicas; the others wait for their turn"),
    CONNECTION_INIT_SQL(
            "connectionInitSql",
            null,
            Kind.TEXT,
            Limits.NONE,
            "SQL that is run on every new session, the first one and each that replaces one, before anything else"),
    REPLAY(
            "replay",
            "verified",
            Kind.CHOICE,
            Limits.oneOf(ReplayMode.class),
            "what becomes of a transaction whose session breaks before its COMMIT: `verified` runs it again on the new"
                    + " primary and compares every result that the application has seen, `off` fails it with 40001"),
    JOURNAL_LIMIT(
            "journalLimit",
            "8MiB",
            Kind.SIZE,
            Limits.range("1KiB", "1GiB"),
            "how much of one transaction is kept for its replay; one that is larger is not replayed"),
    REPLAY_DENY(
            "replayDeny",
            null,
            Kind.NAMES,
            Limits.NONE,
            "functions, and first words of statements, with effects outside the transaction: one that uses them is not"
                    + " replayed; added to the built-in list"),
    AUTOCOMMIT_REPLAY(
            "autocommitReplay",
            "off",
            Kind.CHOICE,
            Limits.oneOf(AutocommitReplay.class),
            "what becomes of a write in autocommit mode that is under way when its session breaks: `off` tells it with"
                    + " 40003, `on` sends each in a transaction of the driver's own, at the price of a round trip, and so"
                    + " knows whether it took effect and runs it again if not"),
    COMMIT_OUTCOME(
            "commitOutcome",
            "auto",
            Kind.CHOICE,
            Limits.oneOf(CommitMode.class),
            "how it is found out whether a COMMIT that was cut off took effect: by a token in the ledger table, by its"
                    + " transaction id, or not at all; `auto` takes the ledger where it is usable, else the transaction"
                    + " id"),
    TARGET(
            "target",
            "primary",
            Kind.CHOICE,
            Limits.oneOf(Target.class),
            "which member the connection is for; `preferReplica` takes the primary while no replica is fit, `any` whichever"
                    + " has the fewest sessions"),
    MAX_REPLICA_LAG(
            "maxReplicaLag",
            "16MiB",
            Kind.SIZE,
            Limits.range("1KiB", "1024GiB"),
            "how much WAL of the primary a replica may still have to replay; one that is further behind gets no sessions,"
                    + " and loses those it has between two transactions"),
    REPLICA_CHOICE(
            "replicaChoice",
            "balanced",
            Kind.CHOICE,
            Limits.oneOf(ReplicaChoice.class),
            "which of the fit replicas gets a session: all alike, or the synchronous standbys first (`preferSync`) or only"
                    + " (`sync`)"),
    BATON_CONFIG(
            "batonConfig",
            null,
            Kind.FILE,
            Limits.NONE,
            "Java properties file, in UTF-8, with further properties, pgbaton's and PgJDBC's; what is given elsewhere wins");

    /** What a value looks like. */
    public enum Kind {
        /** Any non-empty text without control characters. */
        TEXT,
        /** As {@link #TEXT}, and never shown: not in a message, not in a {@code toString}. */
        SECRET,
        /** Text that is one segment of a path: no white space, no slash. */
        NAME,
        /** A path in the DCS: segments separated by slashes. */
        PATH,
        /** A file that exists and can be read. */
        FILE,
        /** Comma-separated {@code http://} or {@code https://} endpoints. */
        URI_LIST,
        /** A whole number with a unit: ms, s, m or h. */
        DURATION,
        /** A whole number. */
        COUNT,
        /** A whole number of bytes with a unit: B, KiB, MiB or GiB. */
        SIZE,
        /** One of a few words. */
        CHOICE,
        /** Comma-separated names of SQL. */
        NAMES,
        /** What {@link io.github.pgbaton.config.MemberMap} reads. */
        MEMBER_MAP
    }

    /** What restricts a value beyond its kind: a range as one would write it, the port left out, or the words. */
    private record Limits(@Nullable String least, @Nullable String most, int port, List<String> words) {
        static final Limits NONE = new Limits(null, null, 0, List.of());

        static Limits range(String least, String most) {
            return new Limits(least, most, 0, List.of());
        }

        static Limits port(int port) {
            return new Limits(null, null, port, List.of());
        }

        static Limits oneOf(Class<? extends Enum<?>> values) {
            return new Limits(
                    null,
                    null,
                    0,
                    Arrays.stream(values.getEnumConstants()).map(Limits::word).toList());
        }

        /** As it stands in a URL: PREFER_REPLICA is preferReplica. */
        static String word(Enum<?> value) {
            StringBuilder word = new StringBuilder();
            for (String part : value.name().toLowerCase(Locale.ROOT).split("_")) {
                word.append(word.length() == 0 ? part : Character.toUpperCase(part.charAt(0)) + part.substring(1));
            }
            return word.toString();
        }
    }

    private static final Map<String, BatonProperty> BY_KEY =
            Arrays.stream(values()).collect(Collectors.toUnmodifiableMap(BatonProperty::key, Function.identity()));

    private final String key;
    private final @Nullable String defaultText;
    private final Kind kind;
    private final Limits limits;
    private final String text;

    BatonProperty(String key, @Nullable String defaultText, Kind kind, Limits limits, String text) {
        this.key = key;
        this.defaultText = defaultText;
        this.kind = kind;
        this.limits = limits;
        this.text = text;
    }

    /**
     * @param key a name as it stands in a URL, in the right case
     * @return the property of that name, null where it is none of pgbaton's
     */
    public static @Nullable BatonProperty of(String key) {
        return BY_KEY.get(key);
    }

    /** @return the name in a URL or in {@link java.util.Properties} */
    public String key() {
        return key;
    }

    /** @return the default as one would write it, null where there is none */
    public @Nullable String defaultText() {
        return defaultText;
    }

    /** @return what a value looks like */
    public Kind kind() {
        return kind;
    }

    /** @return the smallest value as one would write it, null where there is none; it is accepted itself */
    public @Nullable String least() {
        return limits.least();
    }

    /** @return the largest value as one would write it, null where there is none; it is accepted itself */
    public @Nullable String most() {
        return limits.most();
    }

    /** @return the port of an endpoint that names none, 0 where the property holds no endpoints */
    public int defaultPort() {
        return limits.port();
    }

    /** @return the words of a {@link Kind#CHOICE}, in order; empty for every other kind */
    public List<String> words() {
        return limits.words();
    }

    /** @return one sentence for the reference, in Markdown */
    public String text() {
        return text;
    }

    /** @return what is accepted, as error messages and the reference say it */
    public String accepts() {
        return switch (kind) {
            case TEXT -> "text without control characters";
            case SECRET -> "text, never shown";
            case NAME -> "a name without slash and white space";
            case PATH -> "a path such as /service";
            case FILE -> "the path of a readable file";
            case URI_LIST -> "http:// or https:// endpoints, comma-separated, port " + defaultPort() + " unless given";
            case MEMBER_MAP ->
                "comma-separated key=target, key a member's name, its host:port or *, target host:port,"
                        + " in which {name}, {host} and {port} are the member's own and {proxy} is its proxy_url's";
            case DURATION, COUNT, SIZE -> least() + " to " + most();
            case CHOICE -> String.join(", ", words());
            case NAMES -> "comma-separated names";
        };
    }

    /**
     * What {@link java.sql.Driver#getPropertyInfo} reports of pgbaton's own properties, PgJDBC's not among them.
     *
     * @param url where values may already be given, null where there is none; wins over {@code info}
     * @param info where values may already be given, null where there is none
     * @return one entry for each property, in the order of this enum; the value is the one given, else the default,
     *     else null, and always null for a {@link Kind#SECRET}
     */
    public static List<DriverPropertyInfo> driverPropertyInfo(@Nullable JdbcUrl url, @Nullable Properties info) {
        return Arrays.stream(values())
                .map(p -> p.driverPropertyInfo(p.given(url, info)))
                .toList();
    }

    private @Nullable String given(@Nullable JdbcUrl url, @Nullable Properties info) {
        String inUrl = url == null ? null : url.parameters().get(key);
        return inUrl != null || info == null ? inUrl : info.getProperty(key);
    }

    private DriverPropertyInfo driverPropertyInfo(@Nullable String given) {
        DriverPropertyInfo described =
                new DriverPropertyInfo(key, kind == Kind.SECRET ? null : given != null ? given : defaultText);
        described.description = text.replace("`", "") + " (" + accepts() + ")";
        if (kind == Kind.CHOICE) {
            described.choices = words().toArray(String[]::new);
        }
        return described;
    }
}
