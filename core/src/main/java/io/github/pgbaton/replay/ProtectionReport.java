package io.github.pgbaton.replay;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How the transactions of one cluster that this JVM has committed were protected: an immutable snapshot, counted since the
 * class was loaded.
 *
 * @param cluster its name
 * @param protectedTransactions whose loss the driver would have made good at every moment, their COMMIT included
 * @param unprotectedTransactions all others that were committed
 * @param replayed transactions that went on after a replay
 * @param keptValues values of sequences that these kept, instead of drawing others
 * @param lost transactions whose session broke and that could not be replayed
 * @param withoutStandby transactions that were committed while, as a session was told within the last two seconds, the
 *     server waited for no synchronous standby, though Patroni's synchronous mode is on: so it is for a while after a
 *     failover, and another failover in that time may lose them
 * @param inDoubt COMMITs that were sent and whose answer did not come, so that the driver had to find out what became of
 *     them
 * @param reasons how often each kept a transaction from being protected; past a bound, the rest is counted under
 *     "something else"
 */
public record ProtectionReport(
        String cluster,
        long protectedTransactions,
        long unprotectedTransactions,
        long replayed,
        long keptValues,
        long lost,
        long withoutStandby,
        long inDoubt,
        Map<Reason, Long> reasons) {

    /**
     * Why a transaction was not protected.
     *
     * @param construct what it did, as a clause
     * @param sql the statement with question marks for its literals; null where no single one is to blame
     */
    public record Reason(String construct, @Nullable String sql) {}

    public ProtectionReport {
        reasons = Map.copyOf(reasons);
    }
}
