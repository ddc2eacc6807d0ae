package io.github.pgbaton.internal.routing;

import io.github.pgbaton.topology.HostPort;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Tells which connections to a member that lives lead nowhere: one is told of only when what a call sent on it was sent
 * again after the member had answered on another connection, and was not acknowledged then either.
 *
 * <p>The kernel would find them too, but after a quarter of an hour: its keepalive probes rest while something waits to
 * be acknowledged, and Java has no TCP_USER_TIMEOUT. Thread-safe; one thread at a time looks at one member.
 *
 * @param <C> a connection
 */
final class LostConnections<C> {
    /** Fewer may be bad luck on a network that loses a packet now and then. */
    private static final int LEAST = 3;

    private final Map<HostPort, Map<C, Mark>> marks = new ConcurrentHashMap<>();

    /** How often it was sent again by the first look, and by the last one. */
    private record Mark(int first, int last) {}

    /**
     * What a look found.
     *
     * @param lost lead nowhere
     * @param doubtful whether there are others of which that may be known soon
     */
    record Finding<C>(Set<C> lost, boolean doubtful) {}

    /**
     * Looks at the connections on which calls wait, right after their member has answered.
     *
     * @param sentAgain how often the kernel has sent again, in vain until now, what was written last; 0 where all is
     *     acknowledged
     */
    Finding<C> look(HostPort member, Map<C, Integer> sentAgain) {
        Map<C, Mark> before = marks.getOrDefault(member, Map.of());
        Map<C, Mark> after = new HashMap<>();
        Set<C> lost = new HashSet<>();
        sentAgain.forEach((connection, times) -> {
            Mark mark = before.get(connection);
            if (times == 0) {
                return;
            }
            if (mark == null || times < mark.last) {
                after.put(connection, new Mark(times, times));
            } else if (mark.last > mark.first && times >= LEAST) {
                // Sent again between two answers of the member, and since then there was time to acknowledge it.
                lost.add(connection);
            } else {
                after.put(connection, new Mark(mark.first, times));
            }
        });
        marks.put(member, after);
        return new Finding<>(lost, !after.isEmpty());
    }

    /** Forgets the members that nobody waits for any more. */
    void retain(Collection<HostPort> members) {
        marks.keySet().retainAll(members);
    }
}
