package io.github.pgbaton.internal.replay;

import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Tells whether SQL text might end or split a transaction by itself; errs only towards yes.
 *
 * <p>A word inside a string literal or a comment counts too: the price of a false yes is that a loss is reported as
 * unknown instead of certain, the price of a false no would be a transaction run twice.
 */
public final class TransactionControl {
    /** {@code END} ends a transaction as COMMIT does; after a ROLLBACK in the text the rest runs outside of it. */
    private static final Pattern WORDS =
            Pattern.compile("\\b(COMMIT|END|ROLLBACK|ABORT|BEGIN|START|PREPARE|CALL|DO)\\b", Pattern.CASE_INSENSITIVE);

    /** {@code ROLLBACK TO} stays inside the transaction, and {@code CASE ... END} is an expression. */
    private static final Pattern HARMLESS = Pattern.compile(
            "\\bROLLBACK\\s+(WORK\\s+|TRANSACTION\\s+)?TO\\b|\\bON\\s+CONFLICT\\b[^;]*?\\bDO\\b",
            Pattern.CASE_INSENSITIVE);

    private TransactionControl() {}

    /**
     * @param sql one or more statements, null where the call ran none
     * @return whether it might commit or begin a transaction on its own
     */
    public static boolean possible(@Nullable String sql) {
        return sql != null
                && WORDS.matcher(HARMLESS.matcher(sql).replaceAll(" ")).find();
    }
}
