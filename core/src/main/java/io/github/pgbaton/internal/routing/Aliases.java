package io.github.pgbaton.internal.routing;

import io.github.pgbaton.internal.probe.OpenSession;
import io.github.pgbaton.topology.HostPort;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/**
 * Knows that one member goes by several addresses: a name in the URL and an IP address in the DCS, or the other way
 * round; only ever learns.
 *
 * <p>Compared as text, a member under another name would look like another member, and its healthy sessions would be
 * broken. Thread-safe without a lock; only {@link #resolve} asks a name server.
 */
final class Aliases {
    private final ConcurrentMap<HostPort, Set<HostPort>> known = new ConcurrentHashMap<>();

    /** A session to an address tells the IP address behind it. */
    void learn(OpenSession session) {
        HostPort ip = session.socket().remote();
        if (ip != null) {
            add(session.address(), ip);
        }
    }

    private void add(HostPort address, HostPort ip) {
        known.computeIfAbsent(address, key -> ConcurrentHashMap.newKeySet()).add(ip);
    }

    /** The address and every IP address that it is known to stand for. */
    Set<HostPort> of(HostPort address) {
        Set<HostPort> all = new HashSet<>(known.getOrDefault(address, Set.of()));
        all.add(address);
        return all;
    }

    boolean same(HostPort one, HostPort other) {
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
