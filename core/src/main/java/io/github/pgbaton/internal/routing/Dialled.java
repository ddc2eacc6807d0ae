package io.github.pgbaton.internal.routing;

import io.github.pgbaton.config.MemberMap;
import io.github.pgbaton.topology.Member;
import io.github.pgbaton.topology.Topology;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BiConsumer;

/** Makes of what a source announces the same cluster at the addresses that this client dials; stateless. */
final class Dialled {
    private Dialled() {}

    /**
     * @param unmapped told of each member that the map gives no address, and why: it cannot be dialled and is left out
     */
    static Topology of(Topology announced, MemberMap map, BiConsumer<String, String> unmapped) {
        if (map.isEmpty()) {
            return announced;
        }
        Map<String, Member> members = new LinkedHashMap<>();
        announced.members().forEach((name, member) -> {
            try {
                members.put(name, map.map(member));
            } catch (IllegalArgumentException e) {
                unmapped.accept(name, String.valueOf(e.getMessage()));
            }
        });
        return with(announced, members);
    }

    /** The same cluster with these members. */
    static Topology with(Topology announced, Map<String, Member> members) {
        return new Topology(
                announced.leader(),
                members,
                announced.systemIdentifier(),
                announced.timeline(),
                announced.switchover(),
                announced.settings(),
                announced.term(),
                announced.revision(),
                announced.history());
    }
}
