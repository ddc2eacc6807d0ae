package io.github.pgbaton.internal.routing;

import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/**
 * What members that were asked all at once have against a caller: it gives up only where no member may ever let it in, for
 * one that refuses need not be the primary, nor become it.
 *
 * <p>What a member refuses by its own pg_hba.conf or certificate, another may not. A password is replicated, and the same
 * everywhere. Used by one thread.
 */
final class Refusals {
    /** Who proved not to be who he says, of class 28; and PgJDBC's word for a password that is missing. */
    private static final String WRONG_PASSWORD = "28P01";

    private static final String MISSING_PASSWORD = "08004";

    private final int members;
    private int refused;
    private boolean letIn;
    private @Nullable SQLException first;
    private @Nullable SQLException password;

    /** @param members how many there are, those included that are not asked now */
    Refusals(int members) {
        this.members = members;
    }

    /** A member opened a session for the caller, whatever came of it. */
    void letIn() {
        letIn = true;
    }

    void failed(SQLException failure) {
        if (WaitingHelps.against(failure, true)) {
            return;
        }
        refused++;
        first = first == null ? failure : first;
        String state = failure.getSQLState();
        if (WRONG_PASSWORD.equals(state) || MISSING_PASSWORD.equals(state)) {
            password = failure;
        }
    }

    /** What the caller is told at once, null: a member that said nothing, or something else, may be the next primary. */
    @Nullable
    SQLException hopeless() {
        if (letIn) {
            return null;
        }
        return refused >= members ? first : password;
    }
}
