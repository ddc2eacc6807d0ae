package io.github.pgbaton.internal.routing;

import java.sql.SQLException;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What members that were asked all at once have against a caller: it gives up only where no member may ever let it in, for
 * one that refuses need not be the primary, nor become it.
 *
 * <p>What a member refuses by its own pg_hba.conf or certificate, another may not. Passwords, databases and rights are
 * replicated, and the same everywhere. Used by one thread.
 */
final class Refusals {
    /**
     * A wrong password, and PgJDBC's word for a missing one; no such database, and no right to connect to it. A role that
     * does not exist has the state of pg_hba.conf, 28000, and cannot be told from it.
     */
    private static final Set<String> EVERYWHERE_THE_SAME = Set.of("28P01", "08004", "3D000", "42501");

    private final int members;
    private int refused;
    private boolean letIn;
    private @Nullable SQLException first;
    private @Nullable SQLException everywhere;

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
        if (EVERYWHERE_THE_SAME.contains(String.valueOf(failure.getSQLState()))) {
            everywhere = failure;
        }
    }

    /** What the caller is told at once, null: a member that said nothing, or something else, may be the next primary. */
    @Nullable
    SQLException hopeless() {
        if (letIn) {
            return null;
        }
        return refused >= members ? first : everywhere;
    }
}
