package io.github.pgbaton.internal.routing;

import io.github.pgbaton.internal.probe.OpenSession;
import io.github.pgbaton.topology.HostPort;
import io.github.pgbaton.topology.Member;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/**
 * Knows that one member goes by several addresses: a name in the URL and an IP address in the DCS, or the other way
 * round; two members of the newest topology are never one.
 *
 * <p>Compared as text, a member under another name would look like another member, and its healthy sessions would be
 * broken. Taken for one, two members would keep each other's sessions: a zombie's among them. An IP address passes from
 * one to another where containers are started anew, so the newest word on it counts. Thread-safe without a lock; only
 * {@link #resolve} asks a name server.
 */
final class Aliases {
    private final ConcurrentMap<HostPort, Set<HostPort>> known = new ConcurrentHashMap<>();
    /** Whose the addresses are, by the members' names; those that two members announce are nobody's. */
    private volatile Map<HostPort, String> owners = Map.of();

    /** @param members as a source told them last */
    void told(Collection<Member> members) {
        Map<HostPort, String> now = new HashMap<>();
        Set<HostPort> twice = new HashSet<>();
        for (Member member : members) {
            if (now.put(member.address(), member.name()) != null) {
                twice.add(member.address());
            }
        }
        now.keySet().removeAll(twice);
        owners = now;
    }

    /** A session to an address tells the IP address behind it. */
    void learn(OpenSession session) {
        HostPort ip = session.socket().remote();
        if (ip != null) {
            add(session.address(), ip);
        }
    }

    /** From now on the IP address is behind this address, and behind none of another member. */
    void add(HostPort address, HostPort ip) {
        known.forEach((other, ips) -> {
            if (others(other, address)) {
                ips.remove(ip);
            }
        });
        Set<HostPort> own = known.computeIfAbsent(address, key -> ConcurrentHashMap.newKeySet());
        own.removeIf(before -> others(before, ip));
        own.add(ip);
    }

    private boolean others(HostPort one, HostPort other) {
        Map<HostPort, String> now = owners;
        String first = now.get(one);
        String second = now.get(other);
        return first != null && second != null && !first.equals(second);
    }

    /** Whether it is certain, without a name server, that two addresses are of two members. */
    boolean differ(HostPort one, HostPort other) {
        return of(one).stream().anyMatch(known -> others(known, other));
    }

    /** The address and every IP address that it is known to stand for. */
    Set<HostPort> of(HostPort address) {
        Set<HostPort> all = new HashSet<>(known.getOrDefault(address, Set.of()));
        all.removeIf(ip -> others(ip, address));
        all.add(address);
        return all;
    }

    boolean same(HostPort one, HostPort other) {
        if (others(one, other)) {
            return false;
        }
        Set<HostPort> both = of(one);
        both.retainAll(of(other));
        return !both.isEmpty();
    }

    /** As {@link #of}, after asking the name server; may take seconds. */
    Set<HostPort> resolve(HostPort address) {
        try {
            for (InetAddress ip : InetAddress.getAllByName(address.host())) {
                add(address, new HostPort(ip.getHostAddress(), address.port()));
            }
        } catch (UnknownHostException e) {
            // Then it cannot be dialled either; what is known stays.
        }
        return of(address);
    }
}
