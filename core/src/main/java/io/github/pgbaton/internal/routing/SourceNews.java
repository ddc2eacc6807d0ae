package io.github.pgbaton.internal.routing;

import io.github.pgbaton.config.MemberMap;
import io.github.pgbaton.dcs.LeaderSource;
import io.github.pgbaton.internal.socket.Threads;
import io.github.pgbaton.topology.HostPort;
import io.github.pgbaton.topology.Leader;
import io.github.pgbaton.topology.Member;
import io.github.pgbaton.topology.Topology;
import java.util.Set;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Takes what the leader source says and makes a route of it; when another member leads, every session to any other is
 * marked before anybody hears of the new route.
 *
 * <p>Runs on the source's thread and never blocks it.
 */
final class SourceNews implements LeaderSource.Listener {
    private final LeaderSource source;
    private final CurrentRoute current;
    private final Confirmation confirmation;
    private final AnnouncedSwitchover switchover;
    private final Aliases aliases;
    private final Replicas replicas;
    private final FailoverLog log;
    private final MemberMap memberMap;

    /** One thread for the look-ups of names; never the source's own, however busy the others are. */
    private final ScheduledThreadPoolExecutor names;

    SourceNews(
            String cluster,
            LeaderSource source,
            CurrentRoute current,
            Confirmation confirmation,
            AnnouncedSwitchover switchover,
            Aliases aliases,
            Replicas replicas,
            FailoverLog log,
            MemberMap memberMap) {
        this.source = source;
        this.current = current;
        this.confirmation = confirmation;
        this.switchover = switchover;
        this.aliases = aliases;
        this.replicas = replicas;
        this.log = log;
        this.memberMap = memberMap;
        this.names = Threads.timer("pgbaton-names-" + cluster);
        names.setKeepAliveTime(1, TimeUnit.SECONDS);
        names.allowCoreThreadTimeOut(true);
    }

    @Override
    public void published(Topology announced) {
        Topology snapshot = Dialled.of(announced, memberMap, log::unmapped);
        aliases.told(snapshot.members().values());
        HostPort compareLater;
        try (CurrentRoute.Change change = current.change()) {
            Route old = change.route();
            if (old.silence() != null) {
                log.heard(source.description());
            }
            Leader leader = snapshot.leader();
            if (leader == null) {
                confirmation.doubted();
            } else {
                confirmation.given(leader.member());
            }
            compareLater = follow(change, old, snapshot);
            // Last: a transaction that is held back may go on only once its session is marked as the old leader's.
            switchover.published(old, snapshot);
            change.wakes();
        }
        if (compareLater != null) {
            breakAllButResolved(compareLater);
        }
        replicas.tell(ReplicaWatch::refresh);
    }

    /** @return the leader whose name has to be compared with the one before, null where there is nothing to compare */
    private @Nullable HostPort follow(CurrentRoute.Change change, Route old, Topology snapshot) {
        Leader leader = snapshot.leader();
        Member member = snapshot.leaderMember().orElse(null);
        if (leader == null || (member == null && !leader.member().equals(old.member()))) {
            // A leader whose member key is missing has no address to go to yet, and the old one leads no longer.
            lost(change, old, snapshot, leader);
            return null;
        }
        if (member == null) {
            change.to(old.withTopology(snapshot));
            return null;
        }
        if (old.held() && sameMember(old, member)) {
            change.to(old.confirmed(snapshot));
            return null;
        }
        return elected(change, old, snapshot, member);
    }

    private void lost(CurrentRoute.Change change, Route old, Topology snapshot, @Nullable Leader leader) {
        if (old.held()) {
            log.started(
                    leader == null
                            ? "the leader key of " + old.leaderText() + " is gone"
                            : "the lock went from " + old.leaderText() + " to " + leader.member()
                                    + ", whose address is not known yet");
        }
        change.to(old.lost(snapshot));
        if (leader != null && old.member() != null && !old.asked()) {
            change.breakAllBut(Set.of());
        }
    }

    private @Nullable HostPort elected(CurrentRoute.Change change, Route old, Topology snapshot, Member member) {
        HostPort address = member.address();
        // First, so that a session which is being opened to the old leader is either found below or finds this.
        change.elected(old.elected(member.name(), address, snapshot), member.name(), address);
        HostPort before = old.address();
        if (before == null || aliases.same(before, address)) {
            return null;
        }
        if (old.asked() && !before.equals(address) && !aliases.differ(before, address)) {
            return address;
        }
        log.started("the lock went from " + old.leaderText() + " to " + member.name() + " (" + address + ")");
        change.breakAllBut(aliases.of(address));
        return null;
    }

    private static boolean sameMember(Route old, Member member) {
        return member.address().equals(old.address()) && member.name().equals(old.member());
    }

    /**
     * The members named the primary by an address of the URL, and now the source names it by its own: whether they are
     * the same only a name server may know, and it must not be asked on the source's thread.
     */
    private void breakAllButResolved(HostPort leader) {
        names.execute(() -> {
            Set<HostPort> all = aliases.resolve(leader);
            try (CurrentRoute.Change change = current.change()) {
                if (leader.equals(change.route().address())) {
                    change.breakAllBut(all);
                }
            }
        });
    }

    @Override
    public void degraded(String reason) {
        try (CurrentRoute.Change change = current.change()) {
            Route old = change.route();
            log.silent(reason, old.address() == null ? null : old.leaderText());
            change.to(old.silent(reason));
            confirmation.doubted();
        }
        replicas.tell(ReplicaWatch::refresh);
    }

    void close() {
        Threads.end(names);
    }
}
