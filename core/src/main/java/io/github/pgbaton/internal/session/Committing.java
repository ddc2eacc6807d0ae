package io.github.pgbaton.internal.session;

import io.github.pgbaton.internal.outcome.Barrier;
import io.github.pgbaton.internal.outcome.CommitResult;
import io.github.pgbaton.internal.outcome.Committer;
import io.github.pgbaton.internal.outcome.Doubt;
import io.github.pgbaton.internal.outcome.Resolution;
import io.github.pgbaton.internal.outcome.Resolver;
import io.github.pgbaton.internal.probe.Deadline;
import io.github.pgbaton.internal.probe.OpenSession;
import io.github.pgbaton.internal.replay.Journal;
import io.github.pgbaton.internal.routing.ClusterRef;
import io.github.pgbaton.replay.ProtectionReport.Reason;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.postgresql.core.TransactionState;
import org.postgresql.jdbc.PgConnection;

/**
 * Commits the transaction of the session of the moment; a COMMIT that was cut off is followed by another one only after it
 * was shown that the first never takes effect.
 */
final class Committing {
    /** As a clause: what became of a COMMIT of which the server said OK. */
    static final String NOT_REPLICATED =
            "the server answered without waiting for its synchronous standby, and that could not be made up for";

    private final HeldSession held;
    private final Moving moving;
    private final ClusterRef cluster;
    private final SessionState state;
    private final Journal journal;
    /** That showed that the last COMMIT never takes effect. */
    private @Nullable OpenSession proven;

    Committing(HeldSession held, Moving moving) {
        this.held = held;
        this.moving = moving;
        this.cluster = held.cluster;
        this.state = held.state;
        this.journal = held.journal;
    }

    /** As {@link java.sql.Connection#commit}. */
    void commit() throws SQLException {
        held.checkOpen();
        OpenSession now = held.session;
        if (held.lost != null) {
            SQLException answer = Losses.again(held.lost);
            held.transactionOver();
            throw answer;
        }
        held.noteEnd();
        if (!held.autoCommit && !held.inTransaction(now)) {
            // Nothing is open, so nothing is sent, and the state of the session does not matter.
            journal.clear();
            state.committed();
            return;
        }
        // A session found dead before COMMIT is sent is a transaction lost for certain, and replayed; found after, the
        // ledger tells.
        boolean gone = held.inTransaction(now) && held.gone(now);
        while (true) {
            if (gone) {
                now = replayed(now);
            }
            Committer ready = held.committer;
            if (ready == null || held.autoCommit) {
                commitPlainly(now);
                return;
            }
            CommitResult result = ready.commit(readOnly(now));
            if (result instanceof CommitResult.Committed) {
                count(ready);
                journal.clear();
                state.committed();
                return;
            }
            if (result instanceof CommitResult.Refused refused) {
                journal.clear();
                state.rolledBack();
                throw refused.failure();
            }
            held.broken(now);
            if (result instanceof CommitResult.InDoubt inDoubt && tookEffect(now, inDoubt)) {
                return;
            }
            gone = true;
        }
    }

    /**
     * Whether the transaction has changed nothing, for certain. What the application asked for is not enough: PgJDBC does
     * not tell the server with {@code readOnlyMode=ignore}, and SQL text can make the transaction one that writes.
     */
    private boolean readOnly(OpenSession now) {
        if (journal.mayWrite()) {
            return false;
        }
        if (Boolean.TRUE.equals(held.attributes.readOnly()) && now.connection().hintReadOnly()) {
            // Before PostgreSQL 16 it may write large objects: of text that acts outside the transaction nothing is
            // certain.
            Reason obstacle = journal.obstacle();
            return obstacle == null || obstacle.sql() == null;
        }
        // Last, for it may cost a round trip.
        return now.onReplica() && begunInRecovery(now);
    }

    /**
     * A transaction that was begun on a standby never writes, whatever its member has become since. One that was begun just
     * after the promotion, of which only its first answer told, does. Behind a mapped address may be a pooler, which keeps
     * the promotion to itself.
     */
    private boolean begunInRecovery(OpenSession now) {
        PgConnection connection = now.connection();
        if ("on".equals(connection.getParameterStatus("in_hot_standby"))
                && cluster.config().memberMap().isEmpty()) {
            return true;
        }
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SHOW transaction_read_only")) {
            return row.next() && "on".equals(row.getString(1));
        } catch (SQLException e) {
            // Failed or broken: the COMMIT tells.
            return false;
        }
    }

    private void count(Committer ready) {
        Reason reason = journal.steps() == 0 ? null : held.reason();
        if (reason == null) {
            String unprotected = ready.unprotected();
            reason = unprotected == null ? null : new Reason(unprotected, null);
        }
        held.committed(journal.steps(), reason == null);
        if (reason == null) {
            cluster.protection().committedProtected();
        } else {
            cluster.protection().committedUnprotected(reason);
        }
    }

    /** The session on which the transaction of a dead one was replayed; without one, the transaction is over. */
    private OpenSession replayed(OpenSession dead) throws SQLException {
        held.broken(dead);
        try (Spare spare = new Spare(cluster, proven)) {
            proven = null;
            moving.replay(dead, Patience.NONE, spare);
            return held.session;
        } catch (SQLException e) {
            held.transactionOver();
            throw e;
        }
    }

    /** Whether a COMMIT in doubt took effect; false where it certainly never will, and the transaction can be replayed. */
    private boolean tookEffect(OpenSession dead, CommitResult.InDoubt inDoubt) throws SQLException {
        if (inDoubt.doubt().readOnly()) {
            // It changed nothing; whether what it read was consistent, a replay tells.
            held.commit = Losses.Commit.CHANGED_NOTHING;
            return false;
        }
        int steps = journal.steps();
        Resolution resolution = found(inDoubt.doubt());
        String obstacle = held.obstacle();
        if (resolution instanceof Resolution.Aborted && obstacle == null) {
            proven = resolution.session();
            held.commit = Losses.Commit.ABORTED;
            return false;
        }
        closeSession(resolution);
        if (resolution instanceof Resolution.Committed) {
            // Kept before the end of the transaction forgets it.
            state.committed();
            cluster.protection().committedProtected();
            held.transactionOver();
            return true;
        }
        if (resolution instanceof Resolution.Unknown unknown) {
            held.transactionUnknown();
            throw Losses.commitUnknown(dead, steps, unknown.reason(), inDoubt.failure());
        }
        held.transactionOver();
        throw Losses.commitAborted(dead, steps, Objects.requireNonNull(obstacle), inDoubt.failure());
    }

    /** Finds out what became of a COMMIT, within {@code failoverTimeout}. */
    Resolution resolve(Doubt doubt) {
        Resolution resolution = found(doubt);
        closeSession(resolution);
        return resolution;
    }

    private Resolution found(Doubt doubt) {
        return Resolver.resolve(cluster, doubt, Deadline.in(cluster.failoverTimeout()), () -> held.closed);
    }

    private void closeSession(Resolution resolution) {
        OpenSession asked = resolution.session();
        if (asked != null) {
            cluster.close(asked);
        }
    }

    /** Of a transaction that SQL text began in autocommit mode. */
    private void commitPlainly(OpenSession now) throws SQLException {
        int steps = journal.steps();
        boolean failed = now.connection().getTransactionState() == TransactionState.FAILED;
        try {
            if (Barrier.neededAfterCommit(now.connection())) {
                waitForStandby(now, steps);
            }
            journal.clear();
            if (failed) {
                // PgJDBC says nothing, and the server rolled back.
                throw Committer.failedTransaction();
            }
            state.committed();
        } catch (SQLException e) {
            if (held.inTransaction(now) && Losses.isLoss(e, now)) {
                held.broken(now);
                held.transactionUnknown();
                throw Losses.commitUnknown(now, steps, null, e);
            }
            if (!held.inTransaction(now)) {
                journal.clear();
                state.rolledBack();
            }
            throw e;
        }
    }

    private void waitForStandby(OpenSession now, int steps) throws SQLException {
        try {
            Barrier.pass(now.connection(), Deadline.in(cluster.failoverTimeout()));
        } catch (SQLException e) {
            held.broken(now);
            held.transactionUnknown();
            throw Losses.commitUnknown(now, steps, NOT_REPLICATED, e);
        }
    }
}
