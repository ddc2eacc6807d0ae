package io.github.pgbaton.testkit.internal;

import java.time.Duration;
import java.util.SortedMap;
import java.util.TreeMap;

/** The parameters of a cluster; immutable, and equal for clusters that a test cannot tell apart. */
public record Settings(
        String scope,
        String namespace,
        Duration ttl,
        Duration loopWait,
        Duration retryTimeout,
        boolean synchronous,
        int members,
        int etcdMembers,
        boolean haproxy,
        SortedMap<String, String> postgresParameters) {

    public Settings {
        postgresParameters = new TreeMap<>(postgresParameters);
    }

    /** The prefix of the cluster's keys in etcd, with a slash at its end. */
    String keyPrefix() {
        return namespace + "/" + scope + "/";
    }

    String memberName(int index) {
        return "node" + (index + 1);
    }
}
