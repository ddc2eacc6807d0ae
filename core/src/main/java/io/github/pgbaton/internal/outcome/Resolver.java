package io.github.pgbaton.internal.outcome;

import io.github.pgbaton.internal.probe.Deadline;
import io.github.pgbaton.internal.probe.MissingGuard;
import io.github.pgbaton.internal.probe.OpenSession;
import io.github.pgbaton.internal.routing.ClusterRef;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.UUID;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.postgresql.jdbc.PgConnection;

/**
 * Finds out whether a COMMIT in doubt took effect; it answers ABORTED only when it never can any more, and COMMITTED only
 * when the next primary will have it too.
 *
 * <p>It does not look whether the token is there: a transaction that waits for its synchronous standby is invisible, and
 * committed a moment later. It puts a tombstone with the same token in, and the unique key decides.
 *
 * <ul>
 *   <li>The INSERT waits for an original in progress. When it succeeds, the original has not committed, and cannot any more:
 *       its own INSERT will fail, and the COMMIT behind it is skipped. The tombstone is committed like everything else, so
 *       where there is a synchronous standby it is on that before anybody relies on it.
 *   <li>When it is refused, somebody was there before. An original tells that the transaction was committed; a tombstone, of
 *       an attempt of ours whose answer was lost, that it was not. Either way a barrier follows before anybody is told,
 *       because what was found may be on this member alone.
 *   <li>Whatever else happens, it begins again, on the primary of then.
 * </ul>
 *
 * <p>Before that, on the same primary, the old backend is ended, so that we do not wait for our own ghost's locks.
 *
 * <p>A row that was purged looks like a transaction that was never committed, so nothing is asked about a token older than
 * half the time that rows are kept.
 */
public final class Resolver extends Resolving {
    private static final Duration LOCK_WAIT = Duration.ofSeconds(1);

    private static final Set<String> LEDGER_GONE = Set.of("42P01", "3F000", "42501", "42703");
    private static final String DUPLICATE = "23505";

    private final UUID token;
    /** The original's and those of our own attempts whose answers were lost: each may hold the token's place. */
    private final Set<Backend> ghosts = new LinkedHashSet<>();

    /** How long this primary keeps rows, null before one was asked. */
    private @Nullable Duration retention;

    private Resolver(ClusterRef cluster, Doubt doubt, UUID token, Deadline deadline, BooleanSupplier cancelled) {
        super(cluster, doubt, deadline, cancelled);
        this.token = token;
        ghosts.add(new Backend(doubt.member(), doubt.pid(), doubt.backendStart()));
    }

    /**
     * @param cluster that the COMMIT was sent to; waits for its primary
     * @param doubt to resolve; its own session is broken
     * @param deadline after which the answer is UNKNOWN
     * @param cancelled whether the caller no longer wants it; looked at between the steps
     * @return the answer, and the session that gave it
     */
    public static Resolution resolve(ClusterRef cluster, Doubt doubt, Deadline deadline, BooleanSupplier cancelled) {
        cluster.protection().inDoubt();
        UUID token = doubt.token();
        Xid xid = doubt.xid();
        if (token != null) {
            Resolver resolver = new Resolver(cluster, doubt, token, deadline, cancelled);
            Resolution found = resolver.run();
            if (found instanceof Resolution.Aborted && doubt.timeline() == 0) {
                // Who answered may be the primary of before, which the token never came to.
                return new Resolution.Unknown(
                        "its member was promoted while the session was open, and on which timeline it was sent is not"
                                + " known",
                        found.session());
            }
            if (found instanceof Resolution.Committed) {
                CommitAudit.of(cluster).acknowledged(doubt.pid(), token, doubt.ledgerOid(), resolver.timeline, null);
            }
            return found;
        }
        if (xid != null) {
            Resolution found = new XidResolver(cluster, doubt, xid, deadline, cancelled).resolve();
            if (found instanceof Resolution.Committed) {
                CommitAudit.of(cluster).acknowledged(doubt.pid(), xid);
            }
            return found;
        }
        return new Resolution.Unknown("the COMMIT carried no token into a ledger", null);
    }

    @Override
    @Nullable
    Resolution on(OpenSession session, SessionFacts facts) {
        if (!(facts.ledger() instanceof LedgerStatus.Usable usable)) {
            String why = facts.ledger() instanceof LedgerStatus.Unusable unusable ? unusable.reason() : "";
            return new Resolution.Unknown("the ledger cannot be asked: " + why, session);
        }
        if (doubt.ledgerOid() != 0 && doubt.ledgerOid() != facts.ledgerOid()) {
            return new Resolution.Unknown(
                    "the ledger was made anew since, and tells nothing of what was before", session);
        }
        retention = usable.retention();
        for (int attempt = 1; ; attempt++) {
            Resolution.Unknown end = over();
            if (end != null) {
                return new Resolution.Unknown(end.reason(), session);
            }
            try {
                Resolution found = attempt(session);
                if (found != null) {
                    return found;
                }
            } catch (SQLException e) {
                failed(session.address().toString(), e);
                if (LEDGER_GONE.contains(String.valueOf(e.getSQLState()))) {
                    return new Resolution.Unknown("the ledger cannot be asked: " + e.getMessage(), session);
                }
                // Whatever became of this attempt: it may sit in the token's place, and be waiting there.
                ghosts.add(new Backend(session.address(), facts.pid(), facts.backendStart()));
                return null;
            }
            pause(attempt);
        }
    }

    /** Null: nothing is known yet, try again here. An exception: try again elsewhere. */
    private @Nullable Resolution attempt(OpenSession session) throws SQLException {
        PgConnection connection = session.connection();
        boolean tombstone;
        try (Calm calm = new Calm(connection, deadline)) {
            endGhosts(connection);
            if (MissingGuard.TOMBSTONE && kind(connection) == null) {
                return new Resolution.Aborted(session);
            }
            try {
                if (entomb(connection)) {
                    // The row of an original may have been purged while we waited in front of it.
                    return over() == null ? new Resolution.Aborted(session) : null;
                }
                tombstone = true;
            } catch (SQLException e) {
                if (connection.isClosed() || !lives(connection)) {
                    throw e;
                }
                if (!DUPLICATE.equals(e.getSQLState())) {
                    if (LEDGER_GONE.contains(String.valueOf(e.getSQLState())) || "25006".equals(e.getSQLState())) {
                        throw e;
                    }
                    failed(session.address().toString(), e);
                    return null;
                }
                String kind = kind(connection);
                if (kind == null) {
                    last = session.address() + ": the token's row was there, and is not now";
                    return null;
                }
                tombstone = LedgerSql.TOMBSTONE.equals(kind);
            }
        }
        if (!MissingGuard.BARRIER) {
            Barrier.pass(connection, Deadline.in(deadline.left(BARRIER)));
        }
        return tombstone ? new Resolution.Aborted(session) : new Resolution.Committed(session);
    }

    /** The backends that may still be at it, where they are backends of this member. */
    private void endGhosts(PgConnection connection) {
        for (Backend ghost : ghosts) {
            end(connection, ghost);
        }
    }

    /**
     * @return whether the tombstone is in and on the standby; false: it is in, and the wait for the standby was cut short
     * @throws SQLException 23505 where the token's place is taken, 55P03 where somebody is at it
     */
    private boolean entomb(PgConnection connection) throws SQLException {
        long wait = deadline.left(LOCK_WAIT).toMillis();
        String sql = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL lock_timeout TO " + wait
                + "; SET LOCAL statement_timeout TO 0"
                + "; SELECT " + Barrier.AUDIBLE + ", " + Barrier.WAITING
                + "; INSERT INTO pgbaton.tx(token, kind) VALUES ('" + token + "', '" + LedgerSql.TOMBSTONE
                + "'); COMMIT";
        try (Statement statement = connection.createStatement()) {
            statement.setQueryTimeout(0);
            statement.execute(sql);
            return !Barrier.needed(statement.getWarnings());
        }
    }

    private @Nullable String kind(PgConnection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.setQueryTimeout(0);
            try (ResultSet row = statement.executeQuery(
                    "SELECT kind::text FROM pgbaton.tx WHERE token = '" + token + "'::pg_catalog.uuid")) {
                return row.next() ? row.getString(1) : null;
            }
        }
    }

    @Override
    Resolution.@Nullable Unknown expired() {
        Duration kept = doubt.retention();
        if (retention != null && (kept == null || retention.compareTo(kept) < 0)) {
            kept = retention;
        }
        return kept == null || doubt.age().compareTo(kept.dividedBy(2)) < 0
                ? null
                : new Resolution.Unknown(
                        "the COMMIT is " + doubt.age().toSeconds() + " s old, and the ledger keeps its rows for "
                                + kept.toSeconds()
                                + " s: after half of that nothing is concluded from a row that is not there",
                        null);
    }
}
