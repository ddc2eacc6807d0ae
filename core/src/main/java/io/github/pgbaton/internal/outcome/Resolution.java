package io.github.pgbaton.internal.outcome;

import io.github.pgbaton.internal.probe.OpenSession;
import org.jspecify.annotations.Nullable;

/** What became of a COMMIT in doubt; of the first two each is certain and for good. */
public sealed interface Resolution {

    /**
     * @return the session on the primary that it was found out by, outside a transaction, the caller's from now on; null
     *     where the driver keeps it
     */
    @Nullable
    OpenSession session();

    /** It took effect, and it is on the synchronous standby, where there is one. */
    record Committed(@Nullable OpenSession session) implements Resolution {}

    /** It took no effect and never will. The transaction may be run again. */
    record Aborted(@Nullable OpenSession session) implements Resolution {}

    /**
     * Nobody knows.
     *
     * @param reason for messages
     * @param session null where none is left
     */
    record Unknown(String reason, @Nullable OpenSession session) implements Resolution {}
}
