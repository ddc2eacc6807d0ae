package io.github.pgbaton.internal.rest;

import io.github.pgbaton.topology.HostPort;
import io.github.pgbaton.topology.Member;
import java.net.InetAddress;
import java.net.URI;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Finds the endpoint of a leader: a configured one where it is the same, else the one that the leader announces; never
 * more than a handful of announced ones, and never http where only https is configured. Confined to the loop.
 */
final class Locator {
    private static final int MAX_ANNOUNCED = 16;

    private final List<Endpoint> configured;
    private final Function<URI, Endpoint> maker;
    private final Map<URI, Endpoint> announced = new LinkedHashMap<>();

    Locator(List<Endpoint> configured, Function<URI, Endpoint> maker) {
        this.configured = configured;
        this.maker = maker;
    }

    @Nullable
    Endpoint leader(ClusterView view) {
        URI api = view.leaderApi();
        if (api == null) {
            Member member = view.leader() == null ? null : view.members().get(view.leader());
            return member == null ? null : onlyOne(member.address());
        }
        for (Endpoint endpoint : configured) {
            if (endpoint.uri().getPort() == api.getPort() && sameHost(endpoint, api)) {
                return endpoint;
            }
        }
        Endpoint known = announced.get(api);
        if (known != null) {
            return known;
        }
        boolean downgrade = configured.stream()
                .noneMatch(endpoint -> endpoint.uri().getScheme().equals(api.getScheme()));
        if (downgrade || (announced.size() >= MAX_ANNOUNCED && !forgetOldest())) {
            return null; // the votes still count without it
        }
        Endpoint made = maker.apply(api);
        announced.put(api, made);
        return made;
    }

    /** Members come and go over the months, and some answer may make addresses up. */
    private boolean forgetOldest() {
        for (Endpoint endpoint : announced.values()) {
            if (endpoint.isIdle()) {
                endpoint.close();
                return announced.values().remove(endpoint);
            }
        }
        return false;
    }

    /** By the text, or by the address that the configured name led to: asking a member by its name needs no second entry. */
    private static boolean sameHost(Endpoint endpoint, URI api) {
        InetAddress remote = endpoint.remote();
        return endpoint.uri().getHost().equalsIgnoreCase(api.getHost())
                || (remote != null
                        && remote.getHostAddress().equals(api.getHost().replaceAll("[\\[\\]]", "")));
    }

    private @Nullable Endpoint onlyOne(HostPort address) {
        List<Endpoint> there = configured.stream()
                .filter(endpoint -> endpoint.uri().getHost().equalsIgnoreCase(address.host()))
                .toList();
        return there.size() == 1 ? there.get(0) : null;
    }

    void close() {
        announced.values().forEach(Endpoint::close);
    }
}
