package io.github.pgbaton.internal.outcome;

import io.github.pgbaton.internal.probe.OpenSession;
import io.github.pgbaton.internal.routing.ClusterRef;
import io.github.pgbaton.topology.TimelineHistory;
import java.util.Objects;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * Up to where the primary of now has the WAL of an earlier timeline, as Patroni's history tells it; without an end where it
 * does not tell, or tells of other timelines than those two.
 *
 * @param end of the earlier timeline, empty where it is not known
 * @param obstacle why it is not, a clause; null where it is
 * @param current whether it is the history of the timeline of now; it is written a second or two after a promotion
 */
record Ancestry(OptionalLong end, @Nullable String obstacle, boolean current) {

    /**
     * @param session to the primary of now
     * @param now the timeline that it writes
     * @param then the earlier one
     * @param member that wrote that, null where it is not known
     */
    static Ancestry of(ClusterRef cluster, OpenSession session, int now, int then, @Nullable String member) {
        TimelineHistory history = cluster.history();
        OptionalLong end = history.end(then, now);
        boolean current = history.newest() == now || !cluster.toldByPatroni();
        if (end.isEmpty()) {
            return new Ancestry(
                    end,
                    "Patroni's history does not tell where timeline " + then + " ended for timeline " + now,
                    current);
        }
        // Two members may begin timelines of one number, where the first dies before it has told anybody.
        boolean ours = then == 1 || (member != null && member.equals(history.leader(then)));
        return ours && Objects.equals(history.leader(now), cluster.member(session))
                ? new Ancestry(end, null, true)
                : new Ancestry(
                        OptionalLong.empty(),
                        "Patroni's history tells of another timeline " + then + " or " + now + " than the one that "
                                + member + " wrote, or does not say whose it was",
                        true);
    }
}
