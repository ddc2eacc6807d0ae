package io.github.pgbaton.internal.session;

import io.github.pgbaton.internal.outcome.Committer;
import io.github.pgbaton.internal.probe.OpenSession;
import io.github.pgbaton.internal.sql.Effect;
import io.github.pgbaton.internal.sql.Effects;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;
import org.postgresql.core.TransactionState;
import org.postgresql.jdbc.PgConnection;

/**
 * What SQL text does to the transaction around it; what speaks against a replay is noted before the text is sent and stays
 * noted when it fails, for the part of it before the failure may have been done.
 */
final class TextEffects {
    private final HeldSession held;

    TextEffects(HeldSession held) {
        this.held = held;
    }

    /** As {@link LogicalSession#running}. */
    void running(Effects effects) throws SQLException {
        List<Effect> all = effects.all();
        SQLException lost = held.lost;
        if (lost != null) {
            if (all.size() == 1) {
                endLost(all.get(0), lost);
            }
            return;
        }
        if (!all.isEmpty() && all.get(0) instanceof Effect.Commit) {
            refuseInFailedTransaction();
        }
    }

    /** As {@link LogicalSession#sending}. */
    void sending(Effects effects) {
        boolean ends = false;
        boolean begins = false;
        boolean writable = false;
        for (Effect effect : effects.all()) {
            ends |= effect instanceof Effect.Commit || effect instanceof Effect.Rollback;
            begins |= effect instanceof Effect.Begin;
            writable |= effect instanceof Effect.Writable;
        }
        if (ends || begins || writable) {
            // A BEGIN inside a transaction begins nothing, but what it says of the mode counts.
            held.journal.writable();
        }
        if (!held.autoCommit && (ends || begins)) {
            held.journal.deny(ends ? "it holds a COMMIT or ROLLBACK in SQL text" : "it holds a BEGIN in SQL text");
        }
    }

    private void endLost(Effect only, SQLException lost) throws SQLException {
        if (only instanceof Effect.Rollback) {
            held.transactionOver();
        } else if (only instanceof Effect.Commit) {
            SQLException answer = Losses.again(lost);
            held.transactionOver();
            throw answer;
        }
    }

    /** PostgreSQL would answer it with a rollback, and PgJDBC would call that a success. */
    private void refuseInFailedTransaction() throws SQLException {
        OpenSession now = held.session;
        PgConnection connection = now.connection();
        if (!held.inTransaction(now) || connection.getTransactionState() != TransactionState.FAILED) {
            return;
        }
        try (Statement rollback = connection.createStatement()) {
            rollback.execute("ROLLBACK");
        } catch (SQLException e) {
            // Without a session PostgreSQL has rolled it back by itself.
            held.broken(now);
        }
        held.transactionOver();
        throw Committer.failedTransaction();
    }

    /** As {@link LogicalSession#ran}. */
    void ran(Effects effects, IntFunction<@Nullable String> bound) {
        boolean open = held.inTransaction(held.session);
        held.state.ran(effects, bound, open);
        if (!open) {
            // SQL text ended it.
            held.journal.clear();
        } else if (held.state.gaveBack()) {
            held.journal.deny("it gave back a session advisory lock that its session had held before");
        }
    }

    /** As {@link LogicalSession#failed}. */
    void failed(Effects effects, IntFunction<@Nullable String> bound, boolean apart) {
        if (held.closed || held.lost != null || held.session.socket().aborted()) {
            return;
        }
        held.state.failed(effects, bound);
        boolean open = held.inTransaction(held.session);
        boolean commits = effects.all().stream().anyMatch(Effect.Commit.class::isInstance);
        if (open && commits) {
            held.journal.commitUnclear("SQL text with a COMMIT in it failed");
        }
        if (commits || (apart && !open)) {
            held.state.failedHalfway(effects);
        }
    }
}
