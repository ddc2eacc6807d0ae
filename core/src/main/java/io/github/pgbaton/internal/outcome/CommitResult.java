package io.github.pgbaton.internal.outcome;

import java.sql.SQLException;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** How a COMMIT ended, as far as the session that sent it can tell. */
public sealed interface CommitResult {

    /**
     * It took effect, and it may be acknowledged: where the server gave up waiting for its synchronous standby, the wait
     * was made up for.
     *
     * @param token in the ledger, null where the transaction left none: it changed nothing, or there is no ledger
     */
    record Committed(@Nullable UUID token) implements CommitResult {
        /** Of a transaction without a token. */
        static final Committed PLAINLY = new Committed(null);
    }

    /** Nothing of it was written, because the session was found gone before: it is certain not to have taken effect. */
    record NotSent() implements CommitResult {}

    /**
     * It certainly took no effect; the session lives on, and no transaction is open in it.
     *
     * @param failure what PostgreSQL said, or 25P02 where it would have rolled back without a word
     * @param ledger whether it was the token that was refused, and not the transaction: the ledger is gone or locked, or a
     *     role may not use it. The transaction could have been committed without one
     */
    record Refused(SQLException failure, boolean ledger) implements CommitResult {}

    /**
     * It may have taken effect, or may do so yet; the session is broken.
     *
     * @param doubt to be resolved
     * @param failure what came instead of an answer
     */
    record InDoubt(Doubt doubt, SQLException failure) implements CommitResult {}
}
