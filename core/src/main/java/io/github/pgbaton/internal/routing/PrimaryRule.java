package io.github.pgbaton.internal.routing;

import io.github.pgbaton.config.ConnectionSpec;
import io.github.pgbaton.internal.probe.Standing;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGProperty;

/**
 * Who counts as the primary for one caller: a member out of recovery that takes writes, unless the caller wants none, and that
 * the fence does not refuse. Thread-safe.
 */
final class PrimaryRule {
    private final LeaderTracker tracker;
    private final boolean readOnlyWanted;

    PrimaryRule(LeaderTracker tracker, ConnectionSpec spec) {
        this.tracker = tracker;
        this.readOnlyWanted = PGProperty.READ_ONLY.getBoolean(spec.pgProperties());
    }

    /** Why a member that said this of itself is not the primary; null where it is. */
    @Nullable
    String refusal(Route route, Standing standing) {
        if (standing.inRecovery()) {
            return "is in recovery: not promoted yet, or a replica";
        }
        if (standing.readOnly() && !readOnlyWanted) {
            return "takes no writes: default_transaction_read_only is on";
        }
        return tracker.fence().refuse(standing, route.topology());
    }
}
