package io.github.pgbaton.config;

import org.jspecify.annotations.Nullable;

/** Every property of pgbaton, and the only place where one is defined; names never clash with PgJDBC's. */
public enum BatonProperty {
    ETCD(
            "etcd",
            null,
            Kind.URI_LIST,
            "etcd endpoints, comma-separated `http://` or `https://` URLs; needs the pgbaton-etcd dependency"),
    SCOPE("scope", null, Kind.TEXT, "Patroni's scope, the cluster's name; required with `etcd`"),
    NAMESPACE("namespace", "/service", Kind.PATH, "Patroni's namespace in the DCS; starts with `/`"),
    ETCD_USER("etcdUser", null, Kind.TEXT, "user for etcd's authentication; needs read on the cluster's keys"),
    ETCD_PASSWORD("etcdPassword", null, Kind.SECRET, "password of `etcdUser`"),
    ETCD_CA_FILE(
            "etcdCaFile",
            null,
            Kind.FILE,
            "PEM file with the authorities that may sign etcd's certificate; default: the JVM's"),
    ETCD_CERT_FILE(
            "etcdCertFile", null, Kind.FILE, "PEM file with the client certificate for etcd; goes with `etcdKeyFile`"),
    ETCD_KEY_FILE("etcdKeyFile", null, Kind.FILE, "PEM file with the client key for etcd (PKCS#8)"),
    FAILOVER_TIMEOUT(
            "failoverTimeout",
            "60s",
            Kind.DURATION,
            "how long a call waits for a writable primary before it fails with 08001"),
    PROBE_INTERVAL(
            "probeInterval",
            "25ms",
            Kind.DURATION,
            "how often a newly elected leader is asked whether it takes writes yet"),
    HANDSHAKE_TIMEOUT(
            "handshakeTimeout",
            "5s",
            Kind.DURATION,
            "how long opening one session may take, TCP, TLS and authentication together");

    /** What a value looks like. */
    public enum Kind {
        TEXT,
        SECRET,
        PATH,
        FILE,
        URI_LIST,
        DURATION
    }

    private final String key;
    private final @Nullable String defaultText;
    private final Kind kind;
    private final String text;

    BatonProperty(String key, @Nullable String defaultText, Kind kind, String text) {
        this.key = key;
        this.defaultText = defaultText;
        this.kind = kind;
        this.text = text;
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

    /** @return one sentence for the reference */
    public String text() {
        return text;
    }
}
