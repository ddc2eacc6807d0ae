package io.github.pgbaton.internal.rest;

import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
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
 *
 * <p>What is weighed is a {@link Lead}, the leader with its address: one endpoint that has the right name and a wrong
 * address would else move every session. Of two addresses with as many votes the one counts that the leader's own
 * endpoint tells, then the known one.
 */
final class Tally {
    private final List<Word> words;
    private final int configured;
    private final boolean complete;
    private final Map<Lead, LockProof> proofs;
    private final Set<Lead> awaited;
    private final Known known;
    private final Map<@Nullable Lead, Integer> votes = new HashMap<>();
    private final Map<@Nullable Lead, ClusterView> latest = new LinkedHashMap<>();
    private final Set<Lead> toldByItself = new HashSet<>();

    /**
     * One endpoint's answer.
     *
     * @param own whether the endpoint is that of the leader which it names
     */
    record Word(ClusterView view, boolean own) {}

    /**
     * What was decided before.
     *
     * @param lead the holder of the lock, null: nobody
     * @param fence the highest timeline that a leader of this cluster has shown; 0 where none
     * @param systemIdentifier null where unknown
     */
    record Known(@Nullable Lead lead, int fence, @Nullable String systemIdentifier) {
        static final Known NOTHING = new Known(null, 0, null);

        @Nullable
        String leader() {
            return lead == null ? null : lead.name();
        }
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
     * @param words fresh answers, one per endpoint, the newest last
     * @param configured how many endpoints there are
     * @param complete whether every endpoint has answered or failed
     * @param proofs what the named leaders themselves said, by {@link Lead#witness}
     * @param awaited the named leaders that are being asked now, by {@link Lead#witness}
     */
    Tally(
            List<Word> words,
            int configured,
            boolean complete,
            Map<Lead, LockProof> proofs,
            Set<Lead> awaited,
            Known known) {
        this.words = words;
        this.configured = configured;
        this.complete = complete;
        this.proofs = proofs;
        this.awaited = awaited;
        this.known = known;
    }

    /** Null: undecided, what was known stands. */
    @Nullable
    Decision decide() {
        for (Word word : words) {
            if (!isStale(word.view())) {
                Lead lead = word.view().lead();
                votes.merge(lead, 1, Integer::sum);
                latest.remove(lead); // so that the newest comes last
                latest.put(lead, word.view());
                if (lead != null && word.own()) {
                    toldByItself.add(lead);
                }
            }
        }
        ClusterView proven = null;
        boolean tie = false;
        for (ClusterView view : latest.values()) {
            if (proofOf(view).held() && mayLead(view)) {
                int difference = proven == null ? 1 : compare(view, proven);
                tie = difference == 0 || (tie && difference < 0);
                proven = proven == null || difference >= 0 ? view : proven;
            }
        }
        if (proven == null) {
            return byVotes();
        }
        LockProof proof = proofOf(proven);
        if (!(complete
                || isMajority(votes(proven))
                || Objects.equals(proven.lead(), known.lead())
                || (!tie && known.fence() > 0 && proof.timeline() > known.fence()))) {
            return null;
        }
        boolean confirmed = proof.verdict() == LockProof.Verdict.RUNNING && noOtherAwaited(proven);
        return new Decision(proven, proof, confirmed);
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

    /** Positive: the first weighs more. Both hold the lock by their own word. */
    private int compare(ClusterView one, ClusterView other) {
        LockProof first = proofOf(one);
        LockProof second = proofOf(other);
        boolean bothRun = first.timeline() > 0 && second.timeline() > 0;
        if (bothRun && first.timeline() != second.timeline()) {
            return Integer.compare(first.timeline(), second.timeline());
        }
        if (votes(one) != votes(other)) {
            return Integer.compare(votes(one), votes(other));
        }
        if (first.verdict() != second.verdict()) {
            return second.verdict().compareTo(first.verdict());
        }
        boolean itself = toldByItself.contains(one.lead());
        if (itself != toldByItself.contains(other.lead())) {
            return itself ? 1 : -1;
        }
        return Boolean.compare(isKnown(one), isKnown(other));
    }

    private @Nullable Decision byVotes() {
        ClusterView top = null;
        boolean tie = false;
        for (ClusterView view : latest.values()) {
            int difference = top == null ? 1 : votes(view) - votes(top);
            if (difference == 0 && top != null) {
                difference = view.leaderTimeline() - top.leaderTimeline();
            }
            if (difference == 0 && top != null && Objects.equals(view.leader(), top.leader())) {
                difference = Boolean.compare(isKnown(view), isKnown(top));
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
        if (isKnown(top)) {
            return tie ? null : new Decision(top, null, false);
        }
        boolean decided = isMajority(votes(top)) || (complete && !tie && noneAwaited());
        Lead lead = top.lead();
        boolean refused = lead != null
                && (awaited.contains(lead.witness()) || proofOf(top).verdict() == LockProof.Verdict.DENIED);
        return decided && !refused && mayLead(top) ? new Decision(top, null, false) : null;
    }

    private boolean noneAwaited() {
        return latest.keySet().stream().noneMatch(lead -> lead != null && awaited.contains(lead.witness()));
    }

    private boolean noOtherAwaited(ClusterView proven) {
        String leader = proven.leader();
        return latest.keySet().stream()
                .noneMatch(lead -> lead != null && !lead.name().equals(leader) && awaited.contains(lead.witness()));
    }

    private boolean isMajority(int count) {
        return count * 2 > configured;
    }

    private boolean isKnown(ClusterView view) {
        return Objects.equals(view.lead(), known.lead());
    }

    private int votes(ClusterView view) {
        return votes.getOrDefault(view.lead(), 0);
    }

    private LockProof proofOf(ClusterView view) {
        Lead lead = view.lead();
        LockProof proof = lead == null ? null : proofs.get(lead.witness());
        return proof == null ? LockProof.silent(0) : proof;
    }
}
