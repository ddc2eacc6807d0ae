package io.github.pgbaton.internal.routing;

import io.github.pgbaton.dcs.LeaderSource;
import io.github.pgbaton.internal.probe.Standing;
import io.github.pgbaton.internal.socket.RawSocket;
import io.github.pgbaton.internal.socket.SocketRegistry;
import io.github.pgbaton.topology.HostPort;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Takes what members show of themselves, by an answer, a refusal or their silence; none that the fence keeps out is ever
 * taken for the primary.
 *
 * <p>Runs on whichever thread found it out, and never blocks it.
 */
final class MemberNews {
    private final CurrentRoute current;
    private final Confirmation confirmation;
    private final Fence fence;
    private final Aliases aliases;
    private final Succession succession;
    private final Replicas replicas;
    private final SocketRegistry sockets;
    private final FailoverLog log;
    private final @Nullable LeaderSource source;

    MemberNews(
            CurrentRoute current,
            Confirmation confirmation,
            Fence fence,
            Aliases aliases,
            Succession succession,
            Replicas replicas,
            SocketRegistry sockets,
            FailoverLog log,
            @Nullable LeaderSource source) {
        this.current = current;
        this.confirmation = confirmation;
        this.fence = fence;
        this.aliases = aliases;
        this.succession = succession;
        this.replicas = replicas;
        this.sockets = sockets;
        this.log = log;
        this.source = source;
    }

    /** Why a session to this member is not on the primary of now, null where it is. */
    @Nullable
    String refusal(HostPort address, Standing standing) {
        if (!standing.writable()) {
            return standing.inRecovery() ? "is in recovery" : "takes no writes";
        }
        if (standing.systemIdentifier() == null || standing.timeline() <= 0) {
            return "may not be asked for its timeline and its system identifier";
        }
        Route now = current.now();
        HostPort leader = now.address();
        boolean told = !confirmation.mustAskMembers(now);
        if (told && (!now.held() || leader == null || !aliases.same(leader, address))) {
            return "does not hold the lock now";
        }
        return fence.refuse(standing, now.topology());
    }

    /** PostgreSQL at the route's address has proven that it is the primary. */
    boolean verified(Route seen, Standing standing) {
        try (CurrentRoute.Change change = current.change()) {
            Route old = change.route();
            // Nobody holds the lock: it takes writes still, and another member may be elected without them.
            if (old.epoch() != seen.epoch() || !old.held() || !seen.held() || fenced(old, standing)) {
                return false;
            }
            HostPort address = old.address();
            if (fence.raise(standing) && address != null) {
                // It was promoted meanwhile, and a standby has no sessions of the primary's: those that there are lead
                // to
                // the one before, whatever it was called, and need not wait for a name server to say so.
                change.breakAllBut(aliases.of(address));
            }
            proven(change, standing);
        }
        succession.verified(standing.timeline());
        if (source != null) {
            source.trust();
        }
        return true;
    }

    /** A member that was asked directly has proven that it is the primary, while no source could tell. */
    boolean found(Route seen, HostPort address, Standing standing) {
        try (CurrentRoute.Change change = current.change()) {
            Route old = change.route();
            if (old.epoch() != seen.epoch() || !confirmation.mustAskMembers(old) || fenced(old, standing)) {
                return false;
            }
            fence.raise(standing);
            if (!address.equals(old.address())) {
                String member = old.memberAt(address);
                String name = member == null ? address.toString() : member;
                change.elected(old.found(name, address), name, address);
            }
            if (old.address() != null && !aliases.same(old.address(), address)) {
                log.started("the members say that " + address + " is the primary now, no longer " + old.leaderText());
                change.breakAllBut(aliases.of(address));
            }
            proven(change, standing);
        }
        succession.verified(standing.timeline());
        replicas.tell(ReplicaWatch::refresh);
        return true;
    }

    private void proven(CurrentRoute.Change change, Standing standing) {
        change.to(change.route().withVerified(true));
        log.ended(change.route(), standing.timeline());
    }

    /** Again under the lock: two probers may come to their answers at once. */
    private boolean fenced(Route now, Standing standing) {
        return fence.refuse(standing, now.topology()) != null;
    }

    /** A session to a member broke: whoever connects next proves the primary anew, and the source looks again. */
    void suspect(HostPort address) {
        try (CurrentRoute.Change change = current.change()) {
            proveAgain(change, address);
        }
        suspectAll();
    }

    /** A member says itself that it is no primary, or one of the past: no session stays on it. */
    void shun(HostPort address, String why) {
        try (CurrentRoute.Change change = current.change()) {
            List<RawSocket> condemned = sockets.condemnPrimarys(aliases.of(address));
            if (!condemned.isEmpty()) {
                log.started(address + " is not the primary: " + why);
                change.breaks(condemned);
            }
            proveAgain(change, address);
        }
        suspectAll();
    }

    private void proveAgain(CurrentRoute.Change change, HostPort address) {
        HostPort leader = change.route().address();
        // A session may have been opened under another of the leader's names.
        if (change.route().verified() && leader != null && aliases.same(leader, address)) {
            change.unverified();
        }
    }

    /** The leader of this route does not answer as a primary should. */
    void unreachable(Route seen, String why) {
        try (CurrentRoute.Change change = current.change()) {
            if (change.route().epoch() == seen.epoch() && fence.knowsAny()) {
                log.started(seen.leaderText() + " takes no connections: " + why);
            }
        }
        suspectAll();
    }

    /** An IP address that calls wait for gives no sign of life: nobody waits for it any longer, leader or not. */
    void silent(HostPort ip, String why) {
        Set<HostPort> dialled = new HashSet<>();
        try (CurrentRoute.Change change = current.change()) {
            List<RawSocket> condemned = sockets.condemnAll(ip);
            condemned.forEach(socket -> dialled.add(socket.address()));
            HostPort leader = change.route().address();
            // Its sessions may have been opened under another of its names, as before a source told its address.
            boolean leads = leader != null
                    && (dialled.contains(leader)
                            || (!condemned.isEmpty() && aliases.of(leader).contains(ip)));
            if (leader != null && leads) {
                String behind = leader.equals(ip) ? "" : " at " + ip;
                log.started(leader + behind + " gives no sign of life (" + why + ") while calls wait for it");
                change.breaks(condemned);
                change.unverified();
            } else {
                change.breaksUntold(condemned);
            }
        }
        replicas.tell(watch -> dialled.forEach(watch::suspect));
        suspectAll();
    }

    /** Connections to a member that lives lead nowhere: whoever waits on one goes on with another. */
    void lost(HostPort member, Set<RawSocket> connections) {
        try (CurrentRoute.Change change = current.change()) {
            List<RawSocket> condemned = sockets.condemnAll(connections);
            log.lost(member, condemned.size());
            change.breaksUntold(condemned);
        }
    }

    private void suspectAll() {
        if (source != null) {
            source.suspect();
        }
    }
}
