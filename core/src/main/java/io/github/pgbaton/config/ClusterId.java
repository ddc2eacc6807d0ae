package io.github.pgbaton.config;

import io.github.pgbaton.topology.HostPort;
import java.net.URI;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What makes two configurations mean the same cluster, so that they share one tracker; equal whatever the order in which
 * endpoints were given.
 *
 * <p>Secrets, files and timeouts are no part of it. Of two configurations with one identity the first to connect decides
 * those for the tracker.
 *
 * @param etcd the etcd endpoints, sorted
 * @param patroni the Patroni REST endpoints, sorted
 * @param seeds the seeds, sorted; empty where a DCS source is given, because that one knows the members
 * @param namespace Patroni's namespace as {@link BatonConfig#namespace()} has it
 * @param scope Patroni's scope, null where not given
 * @param etcdUser the user for etcd, null where there is none
 * @param memberMap where the members are reached: another map makes other addresses, and so another tracker
 */
public record ClusterId(
        List<URI> etcd,
        List<URI> patroni,
        List<HostPort> seeds,
        String namespace,
        @Nullable String scope,
        @Nullable String etcdUser,
        MemberMap memberMap) {

    public ClusterId {
        etcd = etcd.stream().sorted().toList();
        patroni = patroni.stream().sorted().toList();
        seeds = etcd.isEmpty() && patroni.isEmpty()
                ? seeds.stream()
                        .sorted(Comparator.comparing(HostPort::host).thenComparingInt(HostPort::port))
                        .toList()
                : List.of();
    }
}
