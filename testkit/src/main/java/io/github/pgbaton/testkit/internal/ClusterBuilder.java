package io.github.pgbaton.testkit.internal;

import io.github.pgbaton.testkit.Generation;
import io.github.pgbaton.testkit.PatroniCluster;
import java.time.Duration;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/** Collects {@link Settings}; every value is checked when it is given, so that {@link #start} fails for no such reason. */
public final class ClusterBuilder implements PatroniCluster.Builder {
    private final Backend backend;
    private String scope = "pgcluster";
    private String namespace = "/db";
    private Duration ttl = Duration.ofSeconds(30);
    private Duration loopWait = Duration.ofSeconds(10);
    private Duration retryTimeout = Duration.ofSeconds(10);
    private boolean synchronous = true;
    private int members = 3;
    private int etcdMembers = 1;
    private boolean haproxy;
    private boolean poolers;
    private boolean ipv6;
    private final SortedMap<String, String> postgresParameters = new TreeMap<>();

    private ClusterBuilder(Backend backend) {
        this.backend = backend;
    }

    /** A cluster of local processes. */
    public static ClusterBuilder local() {
        return new ClusterBuilder(new LocalBackend());
    }

    /** A cluster of containers. */
    public static ClusterBuilder docker(Generation generation) {
        return new ClusterBuilder(new DockerBackend(generation));
    }

    @Override
    public ClusterBuilder scope(String scope) {
        this.scope = checked(scope.matches("[A-Za-z0-9_.-]+"), scope, "a scope is one word");
        return this;
    }

    @Override
    public ClusterBuilder namespace(String namespace) {
        this.namespace = checked(
                namespace.matches("/[A-Za-z0-9_./-]*[A-Za-z0-9_.-]"), namespace, "a namespace looks like /db or /a/b");
        return this;
    }

    @Override
    public ClusterBuilder ttl(Duration ttl) {
        this.ttl = wholeSeconds(ttl);
        return this;
    }

    @Override
    public ClusterBuilder loopWait(Duration loopWait) {
        this.loopWait = wholeSeconds(loopWait);
        return this;
    }

    @Override
    public ClusterBuilder retryTimeout(Duration retryTimeout) {
        this.retryTimeout = wholeSeconds(retryTimeout);
        return this;
    }

    @Override
    public ClusterBuilder synchronousMode(boolean synchronous) {
        this.synchronous = synchronous;
        return this;
    }

    @Override
    public ClusterBuilder members(int count) {
        this.members = checked(count >= 1 && count <= 9, count, "a cluster has 1 to 9 members");
        return this;
    }

    @Override
    public ClusterBuilder etcdMembers(int count) {
        this.etcdMembers = checked(count >= 1 && count <= 5, count, "etcd has 1 to 5 members");
        return this;
    }

    @Override
    public ClusterBuilder haproxy(boolean haproxy) {
        this.haproxy = haproxy;
        return this;
    }

    @Override
    public ClusterBuilder poolers(boolean poolers) {
        this.poolers = localOnly(poolers, "a pooler beside each member");
        return this;
    }

    @Override
    public ClusterBuilder ipv6(boolean ipv6) {
        this.ipv6 = localOnly(ipv6, "IPv6");
        return this;
    }

    @Override
    public ClusterBuilder postgresParameter(String name, String value) {
        postgresParameters.put(checked(name.matches("[A-Za-z0-9_.]+"), name, "not a parameter name"), value);
        return this;
    }

    /** What tells clusters apart: equal ones may be shared. */
    public Object identity() {
        return List.of(backend, settings());
    }

    /** What was asked for so far. */
    public Settings settings() {
        return new Settings(
                scope,
                namespace,
                ttl,
                loopWait,
                retryTimeout,
                synchronous,
                members,
                etcdMembers,
                haproxy,
                poolers,
                ipv6,
                postgresParameters);
    }

    @Override
    public PatroniCluster start() {
        return backend.start(settings());
    }

    private boolean localOnly(boolean wanted, String what) {
        return checked(!wanted || backend instanceof LocalBackend, wanted, "only a local cluster has " + what);
    }

    private static Duration wholeSeconds(Duration duration) {
        boolean whole = duration.getNano() == 0 && !duration.isZero() && !duration.isNegative();
        return checked(whole, duration, "Patroni counts in whole seconds, from 1");
    }

    private static <T> T checked(boolean ok, T value, String rule) {
        if (!ok) {
            throw new IllegalArgumentException(rule + ": " + value);
        }
        return value;
    }
}
