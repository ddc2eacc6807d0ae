package io.github.pgbaton.internal.session;

import io.github.pgbaton.internal.outcome.CommitResult;
import io.github.pgbaton.internal.outcome.Committer;
import io.github.pgbaton.internal.outcome.Resolution;
import io.github.pgbaton.internal.probe.OpenSession;
import io.github.pgbaton.internal.routing.ClusterRef;
import io.github.pgbaton.internal.sql.Alone;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.postgresql.core.TransactionState;
import org.postgresql.jdbc.PgConnection;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/**
 * Sends an autocommit statement in a transaction of the driver's own, so that the outcome of its COMMIT can be found out;
 * PgJDBC is out of autocommit mode for that one call only, and the application never sees it.
 */
final class Wrapping {
    /** An application has a limited number of texts, or else builds them, and then none is seen twice. */
    private static final int MOST_KNOWN = 256;

    /** A longer one is full of values, seen once, and would be kept here for nothing. */
    private static final int LONGEST_KNOWN = 2048;

    private final Map<String, Boolean> known = new HashMap<>();
    private final HeldSession held;
    private final ClusterRef cluster;
    private final Committing committing;
    private final boolean enabled;

    Wrapping(HeldSession held, Committing committing) {
        this.held = held;
        this.cluster = held.cluster;
        this.committing = committing;
        this.enabled = cluster.config().autocommitReplay();
    }

    boolean enabled() {
        return enabled && held.autoCommit;
    }

    /**
     * @param texts sent in one call, each by itself
     * @return whether the call is worth a transaction, and may be in one
     */
    boolean suits(List<String> texts) {
        OpenSession now = held.session;
        PgConnection raw = now.connection();
        boolean writable = !now.onReplica()
                // PgJDBC would begin it READ ONLY, which it does to no autocommit statement.
                && !raw.hintReadOnly()
                && !"on".equals(raw.getParameterStatus("default_transaction_read_only"));
        if (!held.rawAutoCommit || !held.idleBeforeCall || !writable || !raw.getStandardConformingStrings()) {
            return false;
        }
        if (held.journal.disabled() != null) {
            // It would be run again where its COMMIT is lost.
            return false;
        }
        for (String text : texts) {
            if (!suits(text)) {
                return false;
            }
        }
        return !texts.isEmpty();
    }

    private boolean suits(String text) {
        Boolean found = known.get(text);
        if (found == null) {
            Alone one = Alone.of(text);
            found = (one.kind() == Alone.Kind.CHANGE || (one.kind() == Alone.Kind.QUERY && one.calls()))
                    && held.journal.outside(text) == null;
            if (known.size() >= MOST_KNOWN) {
                known.clear();
            }
            if (text.length() <= LONGEST_KNOWN) {
                known.put(text, found);
            }
        }
        return found;
    }

    /** Once what commits is ready; on a session that broke meanwhile nothing will arrive, and the call is made again. */
    boolean begin() throws SQLException {
        OpenSession now = held.session;
        if (!HeldSession.isDead(now)) {
            Committer committer = held.committer;
            if (committer == null || !committer.protects()) {
                return false;
            }
            now.connection().setAutoCommit(false);
        }
        held.wrapped = true;
        return true;
    }

    void commit() throws SQLException {
        OpenSession now = held.session;
        Committer committer = held.committer;
        held.wrapped = false;
        held.preparedAnew = false;
        if (committer == null) {
            throw told(Losses.statementUnknown(now, "it was sent without anything that commits it", null));
        }
        CommitResult result = committer.commit(false);
        if (result instanceof CommitResult.Committed) {
            restore(held, now);
            cluster.protection().committedProtected();
            return;
        }
        if (result instanceof CommitResult.Refused refused) {
            restore(held, now);
            throw told(refused.failure());
        }
        held.broken(now);
        if (!(result instanceof CommitResult.InDoubt inDoubt)) {
            throw new NotCommitted(HeldSession.brokenBeforeCommit());
        }
        if (inDoubt.doubt().readOnly()) {
            // It had no transaction id, and changed nothing.
            throw new NotCommitted(inDoubt.failure());
        }
        Resolution resolution = committing.resolve(inDoubt.doubt());
        if (resolution instanceof Resolution.Committed) {
            held.transactionOver();
            cluster.protection().committedProtected();
            return;
        }
        if (resolution instanceof Resolution.Unknown unknown) {
            held.transactionOver();
            throw told(Losses.statementUnknown(now, unknown.reason(), inDoubt.failure()));
        }
        throw new NotCommitted(inDoubt.failure());
    }

    private SQLException told(SQLException answer) {
        held.told = answer;
        return answer;
    }

    /**
     * The statement failed, and the session lives: nothing of it stays.
     *
     * @return whether it is to be run once more: PgJDBC does that by itself in autocommit mode only
     */
    static boolean undo(HeldSession held, OpenSession now, SQLException failure) {
        boolean again = !held.preparedAnew
                && now.connection().getTransactionState() == TransactionState.FAILED
                && isStale(failure);
        held.preparedAnew = again;
        undo(held, now);
        return again;
    }

    /** The prepared statement is gone, or its columns have changed. */
    private static boolean isStale(SQLException failure) {
        ServerErrorMessage said = failure instanceof PSQLException e ? e.getServerErrorMessage() : null;
        return said != null
                && ("26000".equals(failure.getSQLState())
                        || ("0A000".equals(failure.getSQLState())
                                && "RevalidateCachedQuery".equals(said.getRoutine())));
    }

    static void undo(HeldSession held, OpenSession now) {
        held.wrapped = false;
        try {
            if (!now.connection().getAutoCommit()) {
                now.connection().rollback();
            }
        } catch (SQLException e) {
            // Without a session PostgreSQL rolls back by itself.
            held.broken(now);
            held.over = true;
            return;
        }
        restore(held, now);
    }

    private static void restore(HeldSession held, OpenSession now) {
        try {
            now.connection().setAutoCommit(true);
        } catch (SQLException e) {
            held.broken(now);
            held.over = true;
        }
    }
}
