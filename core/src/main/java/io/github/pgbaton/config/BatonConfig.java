package io.github.pgbaton.config;

import static io.github.pgbaton.config.BatonProperty.AUTOCOMMIT_REPLAY;
import static io.github.pgbaton.config.BatonProperty.BATON_CONFIG;
import static io.github.pgbaton.config.BatonProperty.COMMIT_OUTCOME;
import static io.github.pgbaton.config.BatonProperty.CONNECTION_INIT_SQL;
import static io.github.pgbaton.config.BatonProperty.CONNECT_LIMIT;
import static io.github.pgbaton.config.BatonProperty.ETCD;
import static io.github.pgbaton.config.BatonProperty.ETCD_CA_FILE;
import static io.github.pgbaton.config.BatonProperty.ETCD_CERT_FILE;
import static io.github.pgbaton.config.BatonProperty.ETCD_KEY_FILE;
import static io.github.pgbaton.config.BatonProperty.ETCD_PASSWORD;
import static io.github.pgbaton.config.BatonProperty.ETCD_USER;
import static io.github.pgbaton.config.BatonProperty.FAILOVER_TIMEOUT;
import static io.github.pgbaton.config.BatonProperty.HANDSHAKE_TIMEOUT;
import static io.github.pgbaton.config.BatonProperty.HANG_THRESHOLD;
import static io.github.pgbaton.config.BatonProperty.JOURNAL_LIMIT;
import static io.github.pgbaton.config.BatonProperty.LEADER_PROOF;
import static io.github.pgbaton.config.BatonProperty.MAX_REPLICA_LAG;
import static io.github.pgbaton.config.BatonProperty.MEMBER_MAP;
import static io.github.pgbaton.config.BatonProperty.NAMESPACE;
import static io.github.pgbaton.config.BatonProperty.PATRONI;
import static io.github.pgbaton.config.BatonProperty.PROBE_INTERVAL;
import static io.github.pgbaton.config.BatonProperty.REPLAY;
import static io.github.pgbaton.config.BatonProperty.REPLAY_DENY;
import static io.github.pgbaton.config.BatonProperty.REPLICA_CHOICE;
import static io.github.pgbaton.config.BatonProperty.SCOPE;
import static io.github.pgbaton.config.BatonProperty.SWITCHOVER_HOLD;
import static io.github.pgbaton.config.BatonProperty.TARGET;

import io.github.pgbaton.topology.HostPort;
import java.net.URI;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Properties;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The validated settings of one cluster: immutable; holds no PostgreSQL credentials.
 *
 * <p>Made by {@link #from} out of a URL and properties, or by {@link #builder()}; both judge values alike.
 */
public final class BatonConfig {
    private static final String NOTHING_TO_CONNECT_TO =
            "no member is named; accepted: members before the slash, or at least one of etcd and patroni";

    private final List<HostPort> seeds;
    private final List<URI> etcd;
    private final List<URI> patroni;
    private final @Nullable String scope;
    private final String namespace;
    private final @Nullable String etcdUser;
    private final @Nullable String etcdPassword;
    private final @Nullable Path etcdCaFile;
    private final @Nullable Path etcdCertFile;
    private final @Nullable Path etcdKeyFile;
    private final Duration failoverTimeout;
    private final Duration probeInterval;
    private final Duration handshakeTimeout;
    private final Duration switchoverHold;
    private final @Nullable String connectionInitSql;
    private final MemberMap memberMap;
    private final @Nullable Duration hangThreshold;
    private final int connectLimit;
    private final boolean replay;
    private final long journalLimit;
    private final Set<String> replayDeny;
    private final boolean autocommitReplay;
    private final CommitMode commitOutcome;
    private final LeaderProof leaderProof;
    private final Target target;
    private final long maxReplicaLag;
    private final ReplicaChoice replicaChoice;

    private BatonConfig(Collection<HostPort> seeds, Settings settings) {
        this.seeds = List.copyOf(seeds);
        etcd = settings.uris(ETCD);
        patroni = settings.uris(PATRONI);
        scope = settings.name(SCOPE);
        namespace = settings.path(NAMESPACE);
        etcdUser = settings.text(ETCD_USER);
        etcdPassword = settings.text(ETCD_PASSWORD);
        etcdCaFile = settings.file(ETCD_CA_FILE);
        etcdCertFile = settings.file(ETCD_CERT_FILE);
        etcdKeyFile = settings.file(ETCD_KEY_FILE);
        failoverTimeout = settings.duration(FAILOVER_TIMEOUT);
        probeInterval = settings.duration(PROBE_INTERVAL);
        handshakeTimeout = settings.duration(HANDSHAKE_TIMEOUT);
        switchoverHold = settings.duration(SWITCHOVER_HOLD);
        connectionInitSql = settings.text(CONNECTION_INIT_SQL);
        memberMap = settings.memberMap(MEMBER_MAP);
        hangThreshold = settings.optionalDuration(HANG_THRESHOLD);
        connectLimit = settings.count(CONNECT_LIMIT);
        replay = settings.choice(REPLAY, ReplayMode.class) == ReplayMode.VERIFIED;
        journalLimit = settings.size(JOURNAL_LIMIT);
        replayDeny = Set.copyOf(settings.names(REPLAY_DENY));
        autocommitReplay = settings.choice(AUTOCOMMIT_REPLAY, AutocommitReplay.class) == AutocommitReplay.ON;
        commitOutcome = settings.choice(COMMIT_OUTCOME, CommitMode.class);
        leaderProof = settings.choice(LEADER_PROOF, LeaderProof.class);
        target = settings.choice(TARGET, Target.class);
        maxReplicaLag = settings.size(MAX_REPLICA_LAG);
        replicaChoice = settings.choice(REPLICA_CHOICE, ReplicaChoice.class);

        if (settings.has(BATON_CONFIG)) {
            throw new InvalidSettingException(
                    "batonConfig is read where a URL is; accepted: in a URL or in Properties");
        }
        if (seeds.isEmpty() && etcd.isEmpty() && patroni.isEmpty()) {
            throw new InvalidSettingException(NOTHING_TO_CONNECT_TO);
        }
        if (!etcd.isEmpty() && scope == null) {
            throw new InvalidSettingException(
                    "etcd needs scope, because one etcd may serve many clusters; accepted: Patroni's scope as in patroni.yml");
        }
        if (leaderProof == LeaderProof.STRICT && etcd.isEmpty() && patroni.isEmpty()) {
            throw new InvalidSettingException(
                    "leaderProof=strict needs somebody who confirms the leader; accepted: strict with etcd or patroni,"
                            + " or available");
        }
        if (replicaChoice != ReplicaChoice.BALANCED && etcd.isEmpty() && patroni.isEmpty()) {
            throw new InvalidSettingException(
                    "replicaChoice=" + REPLICA_CHOICE.words().get(replicaChoice.ordinal())
                            + " needs somebody who tells which standbys are synchronous; accepted: sync or preferSync with"
                            + " etcd or patroni, or balanced");
        }
        if (memberMap.asksForPoolers() && etcd.isEmpty() && !patroni.isEmpty()) {
            throw new InvalidSettingException(
                    "memberMap asks for {proxy}, which Patroni's REST interface does not tell, and no member would have an"
                            + " address; accepted: {proxy} with etcd, or the poolers' addresses");
        }
        if (autocommitReplay && (!replay || commitOutcome == CommitMode.NONE)) {
            throw new InvalidSettingException(
                    "autocommitReplay=on runs statements again whose COMMIT did not take effect, and "
                            + (replay ? "commitOutcome=none does not find that out" : "replay=off runs nothing again")
                            + "; accepted: on with replay=verified and another commitOutcome, or off");
        }
        if ((etcdCertFile == null) != (etcdKeyFile == null)) {
            throw new InvalidSettingException("etcdCertFile and etcdKeyFile go together, and only "
                    + (etcdCertFile == null ? "etcdKeyFile" : "etcdCertFile") + " is given; accepted: both or neither");
        }
        if ((etcdUser == null) != (etcdPassword == null)) {
            throw new InvalidSettingException("etcdUser and etcdPassword go together, and only "
                    + (etcdUser == null ? "etcdPassword" : "etcdUser") + " is given; accepted: both or neither");
        }
    }

    /**
     * @param url a parsed URL; its parameters win over {@code info}, as PgJDBC's do
     * @param info further properties, of which only those of {@link BatonProperty} are looked at
     * @return the settings, those of the file that {@link BatonProperty#BATON_CONFIG} names among them
     * @throws SQLException 08001 where nothing to connect to is named, 22023 where a value is not accepted; the message
     *     names the property, the value unless it is a secret, and what is accepted
     */
    public static BatonConfig from(JdbcUrl url, Properties info) throws SQLException {
        return of(url, ConfigFile.under(url, info));
    }

    /** @param info with the file's entries in it */
    static BatonConfig of(JdbcUrl url, Properties info) throws SQLException {
        Builder builder = builder().seeds(url.seeds());
        for (BatonProperty property : BatonProperty.values()) {
            if (property == BATON_CONFIG) {
                continue; // has been read
            }
            String value = url.parameters().get(property.key());
            Object raw = info.get(property.key());
            if (value == null && raw != null && !(raw instanceof String)) {
                throw ConfigErrors.invalidValue(property.key() + ": is a "
                        + raw.getClass().getName() + "; accepted: a string, " + property.accepts());
            }
            String given = value == null ? info.getProperty(property.key()) : value;
            if (given != null) {
                builder.set(property, given);
            }
        }
        if (url.seeds().isEmpty() && !builder.settings.has(ETCD) && !builder.settings.has(PATRONI)) {
            throw ConfigErrors.unusableUrl(NOTHING_TO_CONNECT_TO);
        }
        try {
            return builder.build();
        } catch (InvalidSettingException e) {
            throw ConfigErrors.invalidValue(String.valueOf(e.getMessage()));
        }
    }

    /** @return a builder that holds the defaults */
    public static Builder builder() {
        return new Builder();
    }

    /** @return the members of the URL in that order, each once; may be empty where {@link #etcd} or {@link #patroni} is not */
    public List<HostPort> seeds() {
        return seeds;
    }

    /** @return {@code http} or {@code https}, host and port of each etcd endpoint and nothing else; may be empty */
    public List<URI> etcd() {
        return etcd;
    }

    /** @return {@code http} or {@code https}, host and port of each Patroni REST endpoint and nothing else; may be empty */
    public List<URI> patroni() {
        return patroni;
    }

    /** @return Patroni's scope, never null where {@link #etcd} is not empty */
    public @Nullable String scope() {
        return scope;
    }

    /**
     * @return Patroni's namespace; starts with a slash and does not end with one, so the root is empty, and
     *     {@code namespace() + "/" + scope() + "/leader"} is always a key of Patroni's
     */
    public String namespace() {
        return namespace;
    }

    /** @return the user for etcd, null where it needs none */
    public @Nullable String etcdUser() {
        return etcdUser;
    }

    /** @return the password of {@link #etcdUser}, null where there is none */
    public @Nullable String etcdPassword() {
        return etcdPassword;
    }

    /** @return the authorities for etcd's certificate, null for the JVM's */
    public @Nullable Path etcdCaFile() {
        return etcdCaFile;
    }

    /** @return the client certificate for etcd, null where there is none */
    public @Nullable Path etcdCertFile() {
        return etcdCertFile;
    }

    /** @return the key of {@link #etcdCertFile}, null where and only where that one is */
    public @Nullable Path etcdKeyFile() {
        return etcdKeyFile;
    }

    /** @return how long a call waits for a writable primary; 100 milliseconds to 24 hours */
    public Duration failoverTimeout() {
        return failoverTimeout;
    }

    /** @return the pause between two questions to a newly elected leader; 5 milliseconds to 1 second */
    public Duration probeInterval() {
        return probeInterval;
    }

    /** @return how long opening one session may take; 100 milliseconds to 5 minutes */
    public Duration handshakeTimeout() {
        return handshakeTimeout;
    }

    /** @return how long new transactions are held back once a switchover is announced; 0 to 1 minute, 0 for not at all */
    public Duration switchoverHold() {
        return switchoverHold;
    }

    /** @return what is run on every new session, null for nothing; may hold secrets, so it is never shown */
    public @Nullable String connectionInitSql() {
        return connectionInitSql;
    }

    /** @return where this client reaches members that announce other addresses */
    public MemberMap memberMap() {
        return memberMap;
    }

    /** @return how long a call may wait before its member is checked; 0 for never, null for a third of Patroni's ttl */
    public @Nullable Duration hangThreshold() {
        return hangThreshold;
    }

    /** @return how many sessions are opened to the primary at once; 1 to 1000 */
    public int connectLimit() {
        return connectLimit;
    }

    /** @return whether a transaction whose session breaks before its COMMIT is run again and verified */
    public boolean replay() {
        return replay;
    }

    /** @return how many bytes of one transaction are kept for its replay; 1024 to 2^30 */
    public long journalLimit() {
        return journalLimit;
    }

    /** @return names, in lower case, of functions and first words that keep a transaction from being replayed */
    public Set<String> replayDeny() {
        return replayDeny;
    }

    /** @return whether a write in autocommit mode is sent in a transaction of the driver's own, and run again where it broke */
    public boolean autocommitReplay() {
        return autocommitReplay;
    }

    /** @return how it is found out whether a COMMIT that was cut off took effect */
    public CommitMode commitOutcome() {
        return commitOutcome;
    }

    /** @return what happens once no source has confirmed a leader for Patroni's ttl */
    public LeaderProof leaderProof() {
        return leaderProof;
    }

    /** @return which member a connection is for */
    public Target target() {
        return target;
    }

    /** @return how many bytes of WAL a replica may be behind the primary; 1024 to 2^40 */
    public long maxReplicaLag() {
        return maxReplicaLag;
    }

    /** @return which of the replicas that are fit a session is opened to */
    public ReplicaChoice replicaChoice() {
        return replicaChoice;
    }

    /** @return what this configuration has in common with every other one of the same cluster */
    public ClusterId clusterId() {
        return new ClusterId(etcd, patroni, seeds, namespace, scope, etcdUser, memberMap);
    }

    /** For logs: no secrets and no files. */
    @Override
    public String toString() {
        return "BatonConfig[seeds=" + seeds + ", etcd=" + etcd + ", patroni=" + patroni + ", scope=" + scope
                + ", namespace=" + namespace + ", etcdUser=" + etcdUser + ", failoverTimeout="
                + DurationText.format(failoverTimeout) + ", probeInterval=" + DurationText.format(probeInterval)
                + ", handshakeTimeout=" + DurationText.format(handshakeTimeout) + ", switchoverHold="
                + DurationText.format(switchoverHold) + ", connectLimit=" + connectLimit + ", leaderProof="
                + leaderProof + ", target=" + target + ", replay=" + (replay ? "verified" : "off") + "]";
    }

    /** Collects settings one by one and judges them together in {@link #build}; not thread-safe, may be built from again. */
    public static final class Builder {
        private final Set<HostPort> seeds = new LinkedHashSet<>();
        private final Settings settings = new Settings();

        private Builder() {}

        /**
         * @param members to be added to the seeds
         * @return this
         */
        public Builder seeds(Collection<HostPort> members) {
            seeds.addAll(members);
            return this;
        }

        /**
         * @param property what to set
         * @param value as one would write it in a URL, but not percent-encoded
         * @return this
         */
        public Builder set(BatonProperty property, String value) {
            settings.put(property, value);
            return this;
        }

        /**
         * @param property one of {@link BatonProperty.Kind#DURATION}
         * @param value whole milliseconds; a smaller part is cut off
         * @return this
         */
        public Builder set(BatonProperty property, Duration value) {
            return set(property, DurationText.format(value));
        }

        /**
         * @return the settings
         * @throws IllegalArgumentException where a value is not accepted, with the text that {@link #from} would use
         */
        public BatonConfig build() {
            return new BatonConfig(seeds, settings);
        }
    }
}
