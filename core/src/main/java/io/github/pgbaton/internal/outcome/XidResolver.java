package io.github.pgbaton.internal.outcome;

import io.github.pgbaton.internal.probe.Deadline;
import io.github.pgbaton.internal.probe.OpenSession;
import io.github.pgbaton.internal.probe.Standing;
import io.github.pgbaton.internal.routing.ClusterRef;
import java.sql.SQLException;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.postgresql.jdbc.PgConnection;

/**
 * Finds out by its transaction id whether a COMMIT in doubt took effect; it answers ABORTED only when it never can any
 * more, and COMMITTED only when the id is certain to be the transaction's own.
 *
 * <p>An id that was in no WAL that survived is given to another transaction, and tells of that one. So:
 *
 * <ul>
 *   <li>On the timeline of then, the {@link Witness} is asked, which proves by being alive that no id was given twice. The
 *       old backend is ended first. Without a witness nothing is concluded.
 *   <li>On a later timeline, Patroni's history tells up to where it has the WAL of then. The record of the COMMIT lies at or
 *       behind the {@linkplain Xid#lsn position} that was told before: when that is past the end, it is not there, and never
 *       will be, because later timelines descend from this one.
 *   <li>When that is before the end, the member has read a record with the id, and gives it to nobody. Whatever it does not
 *       call committed was not, and is not any more, because the backend is not on this member. "committed" is not believed:
 *       it is said of a stranger where the old primary crashed and went on, on its timeline, with the ids since its last WAL
 *       on disk, before it was failed over.
 * </ul>
 *
 * <p>A barrier follows before anybody is told: what was found may be on this member alone.
 */
final class XidResolver extends Resolving {
    private final Xid xid;

    XidResolver(ClusterRef cluster, Doubt doubt, Xid xid, Deadline deadline, BooleanSupplier cancelled) {
        super(cluster, doubt, deadline, cancelled);
        this.xid = xid;
    }

    Resolution resolve() {
        Resolution found = byWitness();
        return found == null ? run() : found;
    }

    /** Null: it is gone, or not on the primary. */
    private @Nullable Resolution byWitness() {
        Witness witness = xid.witness();
        if (witness == null) {
            return null;
        }
        try {
            return witness.with(deadline, session -> ask(witness, session));
        } catch (SQLException e) {
            failed("the witness on " + witness.address(), e);
            return null;
        }
    }

    private @Nullable Resolution ask(Witness witness, OpenSession session) throws SQLException {
        PgConnection connection = session.connection();
        for (int attempt = 1; over() == null && witness.mayLive(); attempt++) {
            XidStatus status;
            try (Calm calm = new Calm(connection, deadline)) {
                end(connection, new Backend(doubt.member(), doubt.pid(), doubt.backendStart()));
                status = XidStatus.ask(connection, xid.number());
            }
            Standing standing = status.standing();
            String refusal = witness.said(status) && standing.timeline() == xid.timeline()
                    ? refusal(session, standing)
                    : "is not the backend that was there when the COMMIT was sent";
            if (refusal != null || status.word() == null) {
                last = session.address() + " " + refusal;
                return null;
            }
            if (!XidStatus.IN_PROGRESS.equals(status.word())) {
                // Where another member leads meanwhile, this session is broken.
                Barrier.pass(connection, deadline);
                return XidStatus.COMMITTED.equals(status.word())
                        ? new Resolution.Committed(null)
                        : new Resolution.Aborted(null);
            }
            last = session.address() + ": the transaction is in progress still";
            pause(attempt);
        }
        return null;
    }

    @Override
    @Nullable
    Resolution on(OpenSession session, SessionFacts facts) {
        int now = facts.standing().timeline();
        if (now == xid.timeline()) {
            Resolution found = byWitness();
            if (found != null) {
                cluster.close(session);
                return found;
            }
            return new Resolution.Unknown(
                    "PostgreSQL on " + session.address() + " writes timeline " + now + " as it did then, and no session"
                            + " that was open before the COMMIT can prove that it has not crashed since: its transaction"
                            + " ids may have been given again (" + last + ")",
                    session);
        }
        for (int attempt = 1; ; attempt++) {
            Resolution.Unknown end = over();
            if (end != null) {
                return new Resolution.Unknown(end.reason(), session);
            }
            Ancestry ancestry = Ancestry.of(cluster, session, now, xid.timeline(), xid.member());
            if (ancestry.end().isPresent()) {
                return told(session, ancestry.end().getAsLong());
            }
            if (ancestry.current()) {
                return new Resolution.Unknown(String.valueOf(ancestry.obstacle()), session);
            }
            // A primary writes it a second or two after its promotion.
            last = "Patroni's history does not tell yet how timeline " + now + " began";
            pause(attempt);
        }
    }

    /** Null: the session broke. */
    private @Nullable Resolution told(OpenSession session, long switched) {
        PgConnection connection = session.connection();
        try {
            String word = xid.lsn() >= switched ? null : word(connection);
            if (xid.lsn() < switched && word == null) {
                return new Resolution.Unknown("PostgreSQL does not remember a transaction that old", session);
            }
            if (XidStatus.COMMITTED.equals(word)) {
                return new Resolution.Unknown(
                        "PostgreSQL calls its transaction id committed, but the old primary may have crashed and given it"
                                + " to another transaction before it was failed over; with a ledger that would not matter",
                        session);
            }
            Barrier.pass(connection, Deadline.in(deadline.left(BARRIER)));
            return new Resolution.Aborted(session);
        } catch (SQLException e) {
            failed(session.address().toString(), e);
            return null;
        }
    }

    private @Nullable String word(PgConnection connection) throws SQLException {
        try (Calm calm = new Calm(connection, deadline)) {
            return XidStatus.ask(connection, xid.number()).word();
        } catch (SQLException e) {
            if (XidStatus.OF_THE_FUTURE.equals(e.getSQLState()) && lives(connection)) {
                // No record of it is in this history, and so not the one of its COMMIT.
                return XidStatus.OF_THE_FUTURE;
            }
            throw e;
        }
    }
}
