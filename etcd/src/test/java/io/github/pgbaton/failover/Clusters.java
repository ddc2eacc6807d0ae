package io.github.pgbaton.failover;

import io.github.pgbaton.BatonDataSource;
import io.github.pgbaton.testkit.Generation;
import io.github.pgbaton.testkit.PatroniCluster;
import io.github.pgbaton.testkit.PatroniClusterExtension;
import java.net.URI;
import java.time.Duration;
import java.util.stream.Collectors;

/** The cluster these tests share, and the way to it. */
public final class Clusters {
    /** Without what saves a transaction, so that what becomes of its session shows. */
    static final String[] ON_ITS_OWN = {"replay=off", "commitOutcome=none"};

    private Clusters() {}

    /** Fails over in seconds rather than half a minute; one cluster for all classes that ask for it. */
    public static PatroniClusterExtension quick() {
        return PatroniClusterExtension.local(builder -> builder.ttl(Duration.ofSeconds(10))
                .loopWait(Duration.ofSeconds(1))
                .retryTimeout(Duration.ofSeconds(3))
                .etcdMembers(3));
    }

    /** One that no test breaks; for those to whom that matters. */
    static PatroniClusterExtension calm() {
        return PatroniClusterExtension.local(builder -> builder.ttl(Duration.ofSeconds(12))
                .loopWait(Duration.ofSeconds(1))
                .retryTimeout(Duration.ofSeconds(3)));
    }

    /** As {@link #quick}, of containers; the newer Patroni makes 20 s of the ttl. One etcd member, as each is a container. */
    static PatroniClusterExtension containers(Generation generation) {
        return PatroniClusterExtension.docker(
                generation,
                builder -> builder.ttl(Duration.ofSeconds(10))
                        .loopWait(Duration.ofSeconds(1))
                        .retryTimeout(Duration.ofSeconds(3)));
    }

    public static String url(PatroniCluster cluster, String... more) {
        String etcd = cluster.etcd().stream().map(URI::toString).collect(Collectors.joining(","));
        return "jdbc:pgbaton:postgresql://" + cluster.seeds() + "/" + cluster.database() + "?etcd=" + etcd + "&scope="
                + cluster.scope() + "&namespace=" + cluster.namespace()
                + cluster.memberMap().map(map -> "&memberMap=" + map).orElse("")
                + (more.length == 0 ? "" : "&" + String.join("&", more));
    }

    /** Nothing but the news from etcd: no members in the URL to ask, no look at members that are silent. */
    static BatonDataSource pushOnly(PatroniCluster cluster, String... more) {
        String url = url(cluster, "hangThreshold=0ms", "replay=off", "commitOutcome=none")
                + (more.length == 0 ? "" : "&" + String.join("&", more));
        BatonDataSource source = new BatonDataSource(url.replace("//" + cluster.seeds() + "/", "///"));
        source.setUser(cluster.user());
        source.setPassword(cluster.password());
        return source;
    }

    static BatonDataSource dataSource(PatroniCluster cluster, String... more) {
        BatonDataSource source = new BatonDataSource(url(cluster, more));
        source.setUser(cluster.user());
        source.setPassword(cluster.password());
        return source;
    }

    /** Nothing but Patroni's REST interface: neither etcd nor members in the URL to ask. */
    static BatonDataSource restOnly(PatroniCluster cluster, String... more) {
        BatonDataSource source = new BatonDataSource(restUrl(cluster, more));
        source.setUser(cluster.user());
        source.setPassword(cluster.password());
        return source;
    }

    static String restUrl(PatroniCluster cluster, String... more) {
        return "jdbc:pgbaton:postgresql:///" + cluster.database() + "?patroni=" + rest(cluster) + "&scope="
                + cluster.scope() + "&namespace=" + cluster.namespace()
                + (more.length == 0 ? "" : "&" + String.join("&", more));
    }

    /** The members' REST interfaces, as the property {@code patroni} takes them. */
    static String rest(PatroniCluster cluster) {
        return cluster.members().stream()
                .map(member -> cluster.rest(member).toString())
                .collect(Collectors.joining(","));
    }
}
