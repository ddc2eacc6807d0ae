package io.github.pgbaton.internal.routing;

import io.github.pgbaton.config.ReplicaChoice;
import io.github.pgbaton.internal.probe.Progress;
import io.github.pgbaton.topology.HostPort;
import io.github.pgbaton.topology.Member;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Judges which members are fit for reads, by one bound of the lag and one choice: a member that PostgreSQL itself has not
 * said to be a standby of this cluster, within the bound, is never fit.
 *
 * <p>{@link #view} may be read by any thread; everything else is called under {@link ReplicaWatch}'s lock.
 */
final class ReplicaBoard {

    /**
     * Whose positions decide, and which of two boards are one.
     *
     * @param maxLag in bytes
     */
    record Criteria(long maxLag, ReplicaChoice choice) {}

    /** All that is known when the members are judged. */
    record Facts(
            Route route,
            Map<HostPort, Member> members,
            Map<HostPort, ReplicaLook> looks,
            Set<HostPort> leader,
            int timeline,
            @Nullable String systemIdentifier) {}

    private final Criteria criteria;
    private final Set<HostPort> behind = new HashSet<>();
    private Map<HostPort, String> unfit = Map.of();
    private volatile ReplicaView view = ReplicaView.NONE;
    private volatile long fitSinceNanos;

    ReplicaBoard(Criteria criteria) {
        this.criteria = criteria;
    }

    ReplicaView view() {
        return view;
    }

    /** Whether some replica has been fit for so long, without a break. */
    boolean fitFor(long nanos) {
        return !view.fit().isEmpty() && System.nanoTime() - fitSinceNanos > nanos;
    }

    /** Why members are not fit, by their names and addresses; for messages. */
    Map<HostPort, String> unfit() {
        return unfit;
    }

    /** @return lines for the log, null where nothing has changed */
    @Nullable
    List<String> update(Facts facts) {
        Map<HostPort, String> reasons = new LinkedHashMap<>();
        Set<HostPort> fit = new HashSet<>();
        Set<HostPort> synchronous = new HashSet<>();
        boolean settled = true;
        for (Map.Entry<HostPort, Member> entry : facts.members().entrySet()) {
            HostPort address = entry.getKey();
            Member member = entry.getValue();
            settled &= facts.looks().containsKey(address);
            String reason = judge(address, member, facts);
            if (reason != null) {
                reasons.put(address, reason);
                continue;
            }
            fit.add(address);
            if (member.synchronous()) {
                synchronous.add(address);
            }
        }
        if (criteria.choice() == ReplicaChoice.SYNC
                || (criteria.choice() == ReplicaChoice.PREFER_SYNC && !synchronous.isEmpty())) {
            fit.stream()
                    .filter(address -> !synchronous.contains(address))
                    .forEach(address -> reasons.put(address, "is no synchronous standby"));
            fit.retainAll(synchronous);
        }
        Map<HostPort, String> before = unfit;
        ReplicaView old = view;
        unfit = reasons;
        ReplicaView next = new ReplicaView(fit, settled);
        if (next.equals(old)) {
            return null;
        }
        if (old.fit().isEmpty()) {
            fitSinceNanos = System.nanoTime();
        }
        view = next;
        return lines(old, before, facts);
    }

    private List<String> lines(ReplicaView old, Map<HostPort, String> before, Facts facts) {
        List<String> lines = new ArrayList<>();
        for (HostPort address : old.fit()) {
            if (!view.fit().contains(address)) {
                lines.add(name(address, facts) + " takes no reads any more: "
                        + unfit.getOrDefault(address, "is no member any more"));
            }
        }
        for (HostPort address : view.fit()) {
            if (!old.fit().contains(address)) {
                lines.add(name(address, facts) + " takes reads" + (before.isEmpty() ? "" : " now"));
            }
        }
        return lines;
    }

    private static String name(HostPort address, Facts facts) {
        Member member = facts.members().get(address);
        return member == null || member.name().equals(address.toString())
                ? address.toString()
                : member.name() + " (" + address + ")";
    }

    private @Nullable String judge(HostPort address, Member member, Facts facts) {
        if (facts.leader().contains(address)) {
            return "leads";
        }
        if (!member.balanced()) {
            return "has Patroni's tag noloadbalance";
        }
        ReplicaLook look = facts.looks().get(address);
        if (look == null) {
            return "has not answered yet";
        }
        Progress progress = look.progress();
        if (look.failure() != null || progress == null) {
            return "cannot be asked: " + (look.failure() == null ? "no answer" : Attempts.reason(look.failure()));
        }
        if (!progress.inRecovery()) {
            return "is a primary";
        }
        String system = progress.systemIdentifier();
        if (system != null && facts.systemIdentifier() != null && !system.equals(facts.systemIdentifier())) {
            return "belongs to another cluster (system identifier " + system + ", expected " + facts.systemIdentifier()
                    + ")";
        }
        if (progress.position() < 0) {
            return "does not tell how far it is: it has replayed nothing yet, or its functions are revoked";
        }
        String strayed = strayed(progress, member, facts);
        return strayed != null ? strayed : lagging(address, look);
    }

    /** A replica on an older timeline is merely late, unless it has replayed what the newer one does not have. */
    private static @Nullable String strayed(Progress progress, Member member, Facts facts) {
        int own = Math.max(progress.timeline(), member.timeline());
        if (own == 0 || own >= facts.timeline()) {
            return null;
        }
        OptionalLong end = facts.route().topology().history().end(own, facts.timeline());
        String where = "is on timeline " + own + " as far as is known, and the primary on " + facts.timeline();
        if (end.isPresent()) {
            return progress.position() > end.getAsLong() ? where + ": it may hold what the primary has not" : null;
        }
        int upstream = progress.upstreamTimeline();
        return upstream > 0 && upstream < facts.timeline() ? where : null;
    }

    /** Comes back at half of the bound, so that a replica about the bound does not send its sessions to and fro. */
    private @Nullable String lagging(HostPort address, ReplicaLook look) {
        if (look.lag() < 0) {
            return "may lag: no primary has told its position yet";
        }
        long bound = behind.contains(address) ? criteria.maxLag() / 2 : criteria.maxLag();
        if (look.lag() <= bound) {
            behind.remove(address);
            return null;
        }
        behind.add(address);
        return "is " + look.lag() + " bytes behind the primary, maxReplicaLag is " + criteria.maxLag();
    }
}
