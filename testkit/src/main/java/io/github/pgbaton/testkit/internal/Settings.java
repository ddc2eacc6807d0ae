package io.github.pgbaton.testkit.internal;

import java.time.Duration;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.IntStream;

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
        boolean poolers,
        boolean ipv6,
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

    List<String> memberNames() {
        return IntStream.range(0, members).mapToObj(this::memberName).toList();
    }

    int memberIndex(String name) {
        int index = memberNames().indexOf(name);
        if (index < 0) {
            throw new IllegalArgumentException("no member " + name + ", only " + memberNames());
        }
        return index;
    }
}
