package io.github.pgbaton.examples.chaos;

import io.github.pgbaton.config.CommitMode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What a campaign is run under; it decides by what the campaign is judged.
 *
 * @param failovers how many changes of leader, at least
 * @param seed of everything that is chosen
 * @param synchronous whether the cluster replicates synchronously; else what the standby never got may be lost, and the
 *     driver has to say so
 * @param commitOutcome how the driver finds out what became of a COMMIT; without a ledger it may have to say that it cannot
 * @param without the guard that was taken away, null for none
 */
public record Terms(
        int failovers,
        long seed,
        boolean synchronous,
        CommitMode commitOutcome,
        @Nullable Guard without) {

    /** Nobody may be left in doubt, where there is a ledger. */
    boolean mayBeUnknown() {
        return commitOutcome == CommitMode.XID;
    }

    /** In words, but for how many failovers there are to be. */
    public String text() {
        List<String> terms = new ArrayList<>();
        if (!synchronous) {
            terms.add("asynchronous");
        }
        if (commitOutcome != CommitMode.AUTO) {
            terms.add("commitOutcome=" + commitOutcome.name().toLowerCase(Locale.ROOT));
        }
        terms.add("seed " + seed);
        if (without != null) {
            terms.add("without the " + without);
        }
        return String.join(", ", terms);
    }
}
