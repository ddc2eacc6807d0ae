package io.github.pgbaton.internal.replay;

import java.sql.SQLException;
import org.jspecify.annotations.Nullable;
import org.postgresql.jdbc.PgConnection;

/**
 * One thing an application did inside a transaction, with what it saw of it; what it saw first is never overwritten, so
 * that every replay is compared with the original.
 */
public interface Step {

    /** @return the bytes it keeps alive, roughly; whatever they grow by is told to {@link Journal#grow} as well */
    long bytes();

    /** @return whether it has been answered; one that has not is the call that was interrupted */
    boolean answered();

    /** @return the SQL text, null where there is none */
    @Nullable
    String sql();

    /** @return the value of a sequence that it drew, and that a replay may keep; null where it drew none */
    default @Nullable SequenceValue drawn() {
        return null;
    }

    /**
     * Does it again and compares.
     *
     * @param on a session on which all earlier steps were replayed
     * @throws ReplayMismatchException where it does something else than the first time
     * @throws SQLException what the session says where it said nothing of the kind the first time
     */
    void replay(PgConnection on) throws SQLException;

    /**
     * All steps were replayed: what the application still holds of this one moves to the new session.
     *
     * @param generation of that session
     * @throws SQLException PgJDBC's
     */
    void adopt(long generation) throws SQLException;

    /** Closes what a replay made and nobody adopted. */
    void abandon();

    /** Nobody will replay it: what it keeps for that may go. */
    default void forget() {}
}
