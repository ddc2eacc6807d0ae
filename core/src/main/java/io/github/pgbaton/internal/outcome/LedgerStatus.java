package io.github.pgbaton.internal.outcome;

import io.github.pgbaton.internal.probe.Deadline;
import java.sql.SQLException;
import java.time.Duration;
import org.postgresql.jdbc.PgConnection;

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

    /**
     * @param session outside a transaction
     * @param deadline for the answer
     * @return what its role finds in its database now
     * @throws SQLException PgJDBC's
     */
    static LedgerStatus of(PgConnection session, Deadline deadline) throws SQLException {
        return SessionFacts.ask(session, deadline).ledger();
    }
}
