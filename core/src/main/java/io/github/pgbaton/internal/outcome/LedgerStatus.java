package io.github.pgbaton.internal.outcome;

import java.time.Duration;

/** Whether the ledger of one database can be used by one role, as it was found at one moment. */
public sealed interface LedgerStatus {

    /**
     * Tokens can be written and looked up.
     *
     * @param retention how long rows are kept
     * @param purgeable whether the role may purge it
     */
    record Usable(Duration retention, boolean purgeable) implements LedgerStatus {}

    /** @param reason what is missing and what to do, for messages */
    record Unusable(String reason) implements LedgerStatus {}
}
