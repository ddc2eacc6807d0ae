package io.github.pgbaton.internal.rest;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Weighs what the members say about the leader: a pure function of the answers, which never trades a leader of a higher
 * timeline for one of a lower.
 *
 * <p>How it weighs. Any member tells who holds the lock, but one that is cut off from the DCS may tell an old story. The
 * holder itself knows best, so of the named leaders those count first that say "I hold the lock"; of two that both say so
 * and both run a primary, the one on the higher timeline, else the one that more members name. It wins at once where it
 * is the known one, where more than half of the configured endpoints name it or where it runs a newer timeline; else
 * once all endpoints had their time, so that no single answer moves every session. Where no named leader can be asked,
 * as from behind a translated address, the votes alone decide, of more than half of the endpoints or of those that
 * answered once all had their time. A named leader that denies it is not elected by any majority: the key of a leader
 * that gave up is still there.
 */
final class Tally {
    private final List<ClusterView> views;
    private final int configured;
    private final boolean complete;
    private final Map<String, LockProof> proofs;
    private final Set<String> awaited;
    private final Known known;
    private final Map<@Nullable String, Integer> votes = new HashMap<>();
    private final Map<@Nullable String, ClusterView> latest = new HashMap<>();

    /**
     * What was decided before.
     *
     * @param leader the holder of the lock, null: nobody
     * @param fence the highest timeline that a leader of this cluster has shown; 0 where none
     * @param systemIdentifier null where unknown
     */
    record Known(
            @Nullable String leader, int fence, @Nullable String systemIdentifier) {
        static final Known NOTHING = new Known(null, 0, null);
    }

    /**
     * @param view the newest one that names this leader
     * @param proof of the leader, null where it is elected by votes alone, or there is none
     * @param confirmed nothing is left to be asked: it holds the lock and runs
     */
    record Decision(ClusterView view, @Nullable LockProof proof, boolean confirmed) {
        @Nullable
        String leader() {
            return view.leader();
        }
    }

    /**
     * @param views fresh answers, one per endpoint, the newest last
     * @param configured how many endpoints there are
     * @param complete whether every endpoint has answered or failed
     * @param proofs what the named leaders themselves said
     * @param awaited the named leaders that are being asked now
     */
    Tally(
            List<ClusterView> views,
            int configured,
            boolean complete,
            Map<String, LockProof> proofs,
            Set<String> awaited,
            Known known) {
        this.views = views;
        this.configured = configured;
        this.complete = complete;
        this.proofs = proofs;
        this.awaited = awaited;
        this.known = known;
    }

    /** Null: undecided, what was known stands. */
    @Nullable
    Decision decide() {
        for (ClusterView view : views) {
            if (!isStale(view)) {
                votes.merge(view.leader(), 1, Integer::sum);
                latest.put(view.leader(), view);
            }
        }
        ClusterView proven = null;
        for (ClusterView view : latest.values()) {
            if (proofOf(view).held() && mayLead(view) && (proven == null || better(view, proven))) {
                proven = view;
            }
        }
        if (proven == null) {
            return byVotes();
        }
        Set<String> others = new HashSet<>(awaited);
        others.remove(proven.leader());
        others.retainAll(latest.keySet());
        LockProof proof = proofOf(proven);
        if (!(complete
                || isMajority(votes(proven))
                || Objects.equals(proven.leader(), known.leader())
                || (known.fence() > 0 && proof.timeline() > known.fence()))) {
            return null;
        }
        return new Decision(proven, proof, proof.verdict() == LockProof.Verdict.RUNNING && others.isEmpty());
    }

    /** Whether this answer comes from the past: it names another leader, of a timeline that is over. */
    boolean isStale(ClusterView view) {
        if (view.leader() == null || view.leader().equals(known.leader())) {
            return false;
        }
        LockProof proof = proofOf(view);
        // A member key lags, PostgreSQL itself does not.
        int timeline = proof.timeline() > 0 ? proof.timeline() : view.leaderTimeline();
        return timeline > 0 && timeline < known.fence() && !isAnotherCluster(proof);
    }

    private boolean isAnotherCluster(LockProof proof) {
        return proof.systemIdentifier() != null
                && known.systemIdentifier() != null
                && !proof.systemIdentifier().equals(known.systemIdentifier());
    }

    /** A cluster made anew under the old endpoints is believed once most of them lead to it. */
    private boolean mayLead(ClusterView view) {
        return !isAnotherCluster(proofOf(view)) || isMajority(votes(view));
    }

    private boolean better(ClusterView one, ClusterView other) {
        LockProof first = proofOf(one);
        LockProof second = proofOf(other);
        boolean bothRun = first.timeline() > 0 && second.timeline() > 0;
        if (bothRun && first.timeline() != second.timeline()) {
            return first.timeline() > second.timeline();
        }
        if (votes(one) != votes(other)) {
            return votes(one) > votes(other);
        }
        return first.verdict().compareTo(second.verdict()) < 0;
    }

    private @Nullable Decision byVotes() {
        ClusterView top = null;
        boolean tie = false;
        for (ClusterView view : latest.values()) {
            int difference = top == null ? 1 : votes(view) - votes(top);
            if (difference == 0 && top != null) {
                difference = view.leaderTimeline() - top.leaderTimeline();
            }
            if (difference > 0) {
                top = view;
                tie = false;
            } else if (difference == 0) {
                tie = true;
            }
        }
        if (top == null) {
            return null;
        }
        if (Objects.equals(top.leader(), known.leader())) {
            return tie ? null : new Decision(top, null, false);
        }
        boolean decided = isMajority(votes(top)) || (complete && !tie && noneAwaited());
        boolean refused = top.leader() != null
                && (awaited.contains(top.leader()) || proofOf(top).verdict() == LockProof.Verdict.DENIED);
        return decided && !refused && mayLead(top) ? new Decision(top, null, false) : null;
    }

    private boolean noneAwaited() {
        return latest.keySet().stream().noneMatch(awaited::contains);
    }

    private boolean isMajority(int count) {
        return count * 2 > configured;
    }

    private int votes(ClusterView view) {
        return votes.getOrDefault(view.leader(), 0);
    }

    private LockProof proofOf(ClusterView view) {
        LockProof proof = view.leader() == null ? null : proofs.get(view.leader());
        return proof == null ? LockProof.silent(0) : proof;
    }
}
