package io.github.pgbaton.config;

import io.github.pgbaton.topology.HostPort;
import io.github.pgbaton.topology.Member;
import io.github.pgbaton.topology.Role;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Where this client reaches members that announce addresses it cannot dial: behind NAT, in containers, in another
 * network; immutable, and a member that no entry names keeps its own address.
 *
 * <p>Entries are {@code key=target}, comma-separated. A key is a member's name, or the {@code host:port} it announces, or
 * {@code *} for every other member. A target is {@code host:port}, in which {@code {name}}, {@code {host}} and
 * {@code {port}} stand for the member's own, and {@code {proxy}} for the host and port of the pooler that it announces;
 * without a port the member's own port stays.
 */
public final class MemberMap {
    /** Maps every member to the address it announces. */
    public static final MemberMap NONE = new MemberMap(Map.of());

    private static final String REST = "*";
    private static final String PROXY = "{proxy}";

    private final Map<String, String> targets;

    private MemberMap(Map<String, String> targets) {
        this.targets = targets;
    }

    /**
     * @param text as in the property
     * @return the map
     * @throws IllegalArgumentException where an entry is not {@code key=target} or gives no address; says which
     */
    static MemberMap parse(String text) {
        Map<String, String> targets = new LinkedHashMap<>();
        for (String entry : text.split(",", -1)) {
            int equals = entry.indexOf('=');
            String key = equals < 0 ? "" : entry.substring(0, equals).strip();
            String target = equals < 0 ? "" : entry.substring(equals + 1).strip();
            if (key.isEmpty() || target.isEmpty()) {
                throw new IllegalArgumentException(
                        "the entry " + InvalidSettingException.quote(entry) + " is not key=target");
            }
            if (targets.put(key, target) != null) {
                throw new IllegalArgumentException("the key " + InvalidSettingException.quote(key) + " stands twice");
            }
            // Fails now rather than in the middle of a failover.
            HostPort sample = new HostPort("host", 5432);
            address(target, new Member("name", sample, Role.OTHER, "", sample));
        }
        return new MemberMap(Map.copyOf(targets));
    }

    /**
     * @param member as it announces itself
     * @return the same member at the address that this client dials
     * @throws IllegalArgumentException where a template makes no address of this member's name, or asks for a pooler that
     *     it does not announce
     */
    public Member map(Member member) {
        String target = targets.get(member.name());
        if (target == null) {
            target = targets.get(member.address().toString());
        }
        if (target == null) {
            target = targets.get(REST);
        }
        return target == null ? member : member.at(address(target, member));
    }

    /** @return whether no member is mapped */
    public boolean isEmpty() {
        return targets.isEmpty();
    }

    /** @return whether an entry goes through the pooler that a member announces */
    boolean asksForPoolers() {
        return targets.values().stream().anyMatch(target -> target.contains(PROXY));
    }

    private static HostPort address(String target, Member member) {
        HostPort own = member.address();
        HostPort proxy = member.proxy();
        if (proxy == null && target.contains(PROXY)) {
            throw new IllegalArgumentException("it announces no proxy_url");
        }
        String filled = target.replace(PROXY, String.valueOf(proxy))
                .replace("{name}", member.name())
                .replace("{host}", own.host().indexOf(':') >= 0 ? "[" + own.host() + "]" : own.host())
                .replace("{port}", Integer.toString(own.port()));
        return HostPort.parse(filled, own.port());
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof MemberMap map && map.targets.equals(targets);
    }

    @Override
    public int hashCode() {
        return targets.hashCode();
    }

    @Override
    public String toString() {
        return targets.toString();
    }
}
