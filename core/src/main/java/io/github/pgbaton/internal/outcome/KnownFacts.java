package io.github.pgbaton.internal.outcome;

import io.github.pgbaton.internal.probe.Deadline;
import io.github.pgbaton.internal.probe.OpenSession;
import io.github.pgbaton.internal.probe.Standing;
import io.github.pgbaton.internal.routing.ClusterRef;
import io.github.pgbaton.internal.routing.Rehearsal;
import io.github.pgbaton.topology.HostPort;
import java.sql.SQLException;
import java.time.Duration;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What one session was told of the ledger and its role's privileges, for those that are opened right after it: they take it
 * over on the same primary, in the same role and while the table is the same, and for ten seconds only.
 *
 * <p>That session may have been told while its member was still being promoted, and had replayed all that it was sent.
 *
 * <p>After a failover hundreds of sessions are opened at once, and the whole question is the dearest thing that each of
 * their new backends does. It is never older to a session than to one that was opened ten seconds before, and who commits
 * notices a ledger that is no longer what it was. What is a session's own is asked of each. Thread-safe without a lock.
 */
final class KnownFacts implements Rehearsal {
    private static final long FRESH_NANOS = Duration.ofSeconds(10).toNanos();

    private record Found(HostPort member, SessionFacts facts, long nanos) {}

    private final LongSupplier nanoTime;
    private volatile @Nullable Found last;

    KnownFacts(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
    }

    static KnownFacts of(ClusterRef cluster) {
        return cluster.shared(KnownFacts.class, () -> new KnownFacts(System::nanoTime));
    }

    /**
     * @param session outside a transaction; it is so afterwards too
     * @param deadline for each answer
     * @return what it says, some of it to another one
     * @throws SQLException PgJDBC's
     */
    SessionFacts ask(OpenSession session, Deadline deadline) throws SQLException {
        Found before = last;
        if (before != null
                && before.member.equals(session.address())
                && nanoTime.getAsLong() - before.nanos < FRESH_NANOS) {
            SessionFacts own = SessionFacts.askOwn(before.facts, session, deadline);
            if (own != null) {
                return own;
            }
        }
        return askAnew(session, deadline);
    }

    @Override
    public void on(OpenSession session) throws SQLException {
        long now = nanoTime.getAsLong();
        // A standby's sessions outlive its promotion, and what it has replayed stays. Asked before the facts: what
        // comes
        // afterwards is as new to them as to any other session's. A pooler may ask another member for each.
        boolean stays = session.systemIdentifier() != null && Standing.replayedAll(session.connection());
        SessionFacts facts = SessionFacts.rehearse(session);
        if (stays && facts.settled()) {
            last = new Found(session.address(), facts, now);
        }
    }

    /** As {@link #ask}, and all of it of this session itself. */
    SessionFacts askAnew(OpenSession session, Deadline deadline) throws SQLException {
        long now = nanoTime.getAsLong();
        SessionFacts facts = SessionFacts.ask(session, deadline);
        if (facts.settled()) {
            last = new Found(session.address(), facts, now);
        }
        return facts;
    }
}
