package io.github.pgbaton.internal.replay;

import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Tells whether SQL text might end or split a transaction by itself; errs only towards yes.
 *
 * <p>A command that does so stands at the beginning of a statement, so text that is plainly one statement is judged by
 * its first word. Text that may hold several, or whose first word a comment or an escape may hide, is searched for the
 * words anywhere, literals included: the price of a false yes is that a loss is reported as unknown instead of certain,
 * the price of a false no would be a transaction run twice.
 */
public final class TransactionControl {
    private static final String COMMANDS = "(COMMIT|END|ROLLBACK|ABORT|BEGIN|START|PREPARE|CALL|DO)\\b";

    private static final Pattern ANYWHERE = Pattern.compile("\\b" + COMMANDS, Pattern.CASE_INSENSITIVE);

    private static final Pattern AT_THE_BEGINNING = Pattern.compile("[\\s(]*" + COMMANDS, Pattern.CASE_INSENSITIVE);

    /** {@code ROLLBACK TO} stays inside the transaction. */
    private static final Pattern TO_SAVEPOINT =
            Pattern.compile("[\\s(]*ROLLBACK\\s+((WORK|TRANSACTION)\\s+)?TO\\b", Pattern.CASE_INSENSITIVE);

    /** A second statement, a comment, an escape: the beginning alone tells nothing. A semicolon at the very end is none. */
    private static final Pattern NOT_PLAIN = Pattern.compile(";(?!\\s*\\z)|--|/\\*|[{}]");

    private TransactionControl() {}

    /**
     * @param sql one or more statements, null where the call ran none
     * @return whether it might commit or begin a transaction on its own
     */
    public static boolean possible(@Nullable String sql) {
        if (sql == null) {
            return false;
        }
        if (NOT_PLAIN.matcher(sql).find()) {
            return ANYWHERE.matcher(sql).find();
        }
        return AT_THE_BEGINNING.matcher(sql).lookingAt()
                && !TO_SAVEPOINT.matcher(sql).lookingAt();
    }
}
