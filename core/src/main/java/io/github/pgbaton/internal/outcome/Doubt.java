package io.github.pgbaton.internal.outcome;

import io.github.pgbaton.topology.HostPort;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A COMMIT of which nobody knows whether it took effect, with all that helps to find out; immutable, and it may take
 * effect at any later moment until it is resolved.
 *
 * @param token that it would have left in the ledger, null where it carried none
 * @param readOnly whether the transaction is certain to have changed nothing: it was READ ONLY, or had no id
 * @param sentNanos {@link System#nanoTime} before its first byte was written
 * @param sentAt the same by the clock
 * @param member it was sent to
 * @param pid of the backend
 * @param backendStart of the backend, in microseconds since 1970 by the server's clock
 * @param timeline the member wrote when the session was opened, 0 where it may not be asked or was a
 *     standby then
 * @param systemIdentifier of the cluster, null where it may not be asked
 * @param retention of the ledger when the session was opened, null where there was no token
 * @param xid under which it was sent, null where that was not asked for
 * @param ledgerOid of the table that the token was left in, 0 where it is not known
 */
public record Doubt(
        @Nullable UUID token,
        boolean readOnly,
        long sentNanos,
        Instant sentAt,
        HostPort member,
        int pid,
        long backendStart,
        int timeline,
        @Nullable String systemIdentifier,
        @Nullable Duration retention,
        @Nullable Xid xid,
        long ledgerOid) {

    /** One whose transaction id is not known. */
    public Doubt(
            @Nullable UUID token,
            boolean readOnly,
            long sentNanos,
            Instant sentAt,
            HostPort member,
            int pid,
            long backendStart,
            int timeline,
            @Nullable String systemIdentifier,
            @Nullable Duration retention) {
        this(
                token,
                readOnly,
                sentNanos,
                sentAt,
                member,
                pid,
                backendStart,
                timeline,
                systemIdentifier,
                retention,
                null,
                0);
    }

    /**
     * How old it is, by whichever clock says more: one stands still while the machine sleeps, the other may be set back.
     *
     * @return the time since it was sent
     */
    Duration age() {
        Duration steady = Duration.ofNanos(System.nanoTime() - sentNanos);
        Duration wall = Duration.between(sentAt, Instant.now());
        return steady.compareTo(wall) > 0 ? steady : wall;
    }
}
