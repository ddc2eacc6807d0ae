package io.github.pgbaton.internal.routing;

import io.github.pgbaton.topology.HostPort;
import io.github.pgbaton.topology.Member;
import io.github.pgbaton.topology.Topology;
import org.jspecify.annotations.Nullable;

/**
 * Where sessions go at one moment: immutable, replaced whole; a higher epoch is a newer election.
 *
 * @param epoch grows whenever the lock changes hands or comes back after being lost
 * @param member name of the last known leader, null before the first
 * @param address of that member, null before the first
 * @param held whether the lock is held now, as far as the source can tell
 * @param verified whether PostgreSQL at the address has proven in this epoch that it takes writes
 * @param asked whether the members themselves named it, by an address of the URL, and not the source
 * @param heard whether the source has said anything yet, be it that it cannot tell
 * @param silence why the source cannot tell, null while it can
 * @param sinceNanos when this epoch began, in {@link System#nanoTime()}
 * @param topology the source's last snapshot
 */
record Route(
        long epoch,
        @Nullable String member,
        @Nullable HostPort address,
        boolean held,
        boolean verified,
        boolean asked,
        boolean heard,
        @Nullable String silence,
        long sinceNanos,
        Topology topology) {

    static final Route NONE = new Route(0, null, null, false, false, false, false, null, 0, Topology.UNKNOWN);

    Route withVerified(boolean now) {
        return new Route(epoch, member, address, held, now, asked, heard, silence, sinceNanos, topology);
    }

    Route withTopology(Topology snapshot) {
        return new Route(epoch, member, address, held, verified, asked, true, null, sinceNanos, snapshot);
    }

    /** The source itself names the member of this route. */
    Route confirmed(Topology snapshot) {
        return new Route(epoch, member, address, held, verified, false, true, null, sinceNanos, snapshot);
    }

    Route lost(Topology snapshot) {
        return new Route(epoch, member, address, false, false, asked, true, null, sinceNanos, snapshot);
    }

    Route silent(String reason) {
        return new Route(epoch, member, address, held, verified, asked, true, reason, sinceNanos, topology);
    }

    Route elected(String newMember, HostPort newAddress, Topology snapshot) {
        return new Route(epoch + 1, newMember, newAddress, true, false, false, true, null, System.nanoTime(), snapshot);
    }

    Route found(String newMember, HostPort newAddress) {
        return new Route(
                epoch + 1, newMember, newAddress, true, false, true, true, silence, System.nanoTime(), topology);
    }

    /** The name of the member that the source has at an address, null where it has none. */
    @Nullable
    String memberAt(HostPort address) {
        return topology.members().values().stream()
                .filter(candidate -> candidate.address().equals(address))
                .map(Member::name)
                .findFirst()
                .orElse(null);
    }

    /** For messages: the member's name and address. */
    String leaderText() {
        if (member == null || address == null) {
            return "no leader";
        }
        return member.equals(address.toString()) ? member : member + " (" + address + ")";
    }
}
