package io.github.pgbaton.internal.session;

import io.github.pgbaton.event.CommitUnknownException;
import io.github.pgbaton.event.StatementUnknownException;
import io.github.pgbaton.event.TransactionLostException;
import io.github.pgbaton.internal.probe.OpenSession;
import io.github.pgbaton.internal.routing.WaitingHelps;
import io.github.pgbaton.pool.NoSessionException;
import java.net.SocketTimeoutException;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.sql.SQLTransientConnectionException;
import java.sql.SQLTransientException;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/** Recognises the loss of a session and words what the application is told of it; stateless. */
final class Losses {
    /** Shutdown, crash of another backend, starting up, idle time-outs: PostgreSQL ends the backend with each. */
    private static final Set<String> ENDED = Set.of("57P01", "57P02", "57P03", "57P05", "25P03", "25P04");

    /** What is certain of the COMMIT of a transaction that cannot go on; as a clause, together with what follows from it. */
    enum Commit {
        NOT_SENT("its COMMIT was not sent, so nothing of it was committed"),
        /** Found out; but of one that changed nothing there is no trace either way. */
        ABORTED(
                "its COMMIT was sent and cut off, and the driver made sure that nothing it changed was committed or ever"
                        + " will be; what it told others with NOTIFY, where it changed nothing, may have been delivered"),
        CHANGED_NOTHING(
                "its COMMIT was sent and cut off; it had changed nothing, so nothing of it was committed that is"
                        + " still there, but what it told others with NOTIFY may have been delivered, and whether what it read"
                        + " was one state of the database its COMMIT would have told");

        private final String clause;

        Commit(String clause) {
            this.clause = clause;
        }
    }

    private Losses() {}

    /** Whether the session is gone, as opposed to a statement having failed on a session that lives on. */
    static boolean isLoss(SQLException failure, OpenSession session) throws SQLException {
        if (session.socket().aborted() || session.connection().isClosed()) {
            return true;
        }
        if (failure instanceof PSQLException fromServer) {
            ServerErrorMessage message = fromServer.getServerErrorMessage();
            String severity = message == null ? null : message.getSeverity();
            if ("ERROR".equals(severity)) {
                // Whatever its SQLState: a foreign server's 57P01 comes through as an ordinary error.
                return false;
            }
            if (ENDED.contains(String.valueOf(failure.getSQLState()))) {
                return true;
            }
            // FATAL and PANIC end the backend, whatever the SQLState says.
            return "FATAL".equals(severity) || "PANIC".equals(severity);
        }
        return false;
    }

    /** Whether the server said so, and not PgJDBC by itself. */
    static boolean isAnswer(SQLException failure) {
        for (Throwable t = failure; t != null; t = t.getCause()) {
            if (t instanceof PSQLException said && said.getServerErrorMessage() != null) {
                return true;
            }
        }
        return false;
    }

    /** Whether the client's own patience ended, and not the server's life. */
    static boolean isTimeout(SQLException failure) {
        for (Throwable t = failure; t != null; t = t.getCause()) {
            if (t instanceof SocketTimeoutException) {
                return true;
            }
        }
        return false;
    }

    /** @param obstacle why the driver could not run it again by itself, a clause; null where it was not to try */
    static TransactionLostException lost(
            OpenSession session, int steps, @Nullable String obstacle, @Nullable Throwable cause) {
        return lost(session, Commit.NOT_SENT, steps, obstacle, cause);
    }

    /** As {@link #lost(OpenSession, int, String, Throwable)}, of one whose COMMIT may have been sent. */
    static TransactionLostException lost(
            OpenSession session, Commit commit, int steps, @Nullable String obstacle, @Nullable Throwable cause) {
        return new TransactionLostException(lostText(session, commit, steps, obstacle) + because(cause), cause);
    }

    /**
     * 08006: there was no primary on which to run it again. A pool must not keep the connection where none will ever let
     * it in, as with a password that was changed: it would hand it out, broken, again and again.
     */
    static SQLException noPrimary(OpenSession session, Commit commit, int steps, SQLException cause) {
        String wanted = session.onReplica() ? "replica" : "primary";
        if (cause instanceof SQLNonTransientConnectionException || !WaitingHelps.against(cause, true)) {
            return new SQLTransientConnectionException(
                    lostText(session, commit, steps, "no new session on the " + wanted + " was to be had")
                            + because(cause),
                    "08006",
                    cause);
        }
        return new NoSessionException(
                lostText(session, commit, steps, "there was no " + wanted + " in time") + because(cause),
                "08006",
                cause);
    }

    private static String lostText(OpenSession session, Commit commit, int steps, @Nullable String obstacle) {
        return "the session on " + session.address() + " broke inside a transaction" + after(steps) + "; "
                + commit.clause + "."
                + (obstacle == null ? "" : " The driver could not run it again by itself, because " + obstacle + ".")
                + " The connection moves to " + (session.onReplica() ? "another member" : "the primary")
                + " by itself: roll back and run the whole transaction again";
    }

    /** 40001: the COMMIT was cut off, and it is certain that it took no effect and never will. */
    static TransactionLostException commitAborted(
            OpenSession session, int steps, String obstacle, @Nullable Throwable cause) {
        return new TransactionLostException(
                "the session on " + session.address() + " broke while a COMMIT was under way" + after(steps)
                        + "; " + Commit.ABORTED.clause + ". The driver could not run it again by itself, because "
                        + obstacle + ". Run the whole transaction again" + because(cause),
                cause);
    }

    /** @param reason why the driver could not find out, a clause; null where it did not try */
    static CommitUnknownException commitUnknown(
            OpenSession session, int steps, @Nullable String reason, @Nullable Throwable cause) {
        return new CommitUnknownException(
                "the session on " + session.address() + " broke while a COMMIT was under way" + after(steps)
                        + "; the transaction was either committed whole or not at all, and the driver does not know"
                        + " which" + (reason == null ? "" : ", because " + reason + ",")
                        + " and has not run it again. Look for its effect on the primary before you run it again"
                        + because(cause),
                cause);
    }

    /** @param reason why the driver could not find out, a clause; null where it did not try */
    static StatementUnknownException statementUnknown(
            OpenSession session, @Nullable String reason, @Nullable Throwable cause) {
        return new StatementUnknownException(
                "the session on " + session.address() + " broke while an autocommit statement was under way; whether"
                        + " it took effect is not known" + (reason == null ? "" : ", because " + reason + ",")
                        + " and the driver has not run it again. A statement that only"
                        + " reads can be run again; for a write look for its effect on the primary first"
                        + because(cause),
                cause);
    }

    /** 57014: as the server would have said, had it heard of it; nothing was committed. */
    static SQLException givenUp(OpenSession session, SQLException cause) {
        return new SQLTransientException(
                "the call was cancelled or met its query time-out, and the session on " + session.address()
                        + " broke before the server could say so; nothing of it was committed, and it was not run again"
                        + because(cause),
                "57014",
                cause);
    }

    /** 40003: an OK that came without the synchronous standby, for which nobody could wait afterwards either. */
    static StatementUnknownException unreplicated(OpenSession session, SQLException cause) {
        return new StatementUnknownException(
                "the server at " + session.address() + " committed an autocommit statement without waiting for its"
                        + " synchronous standby, and the wait could not be made up for: a failover may have undone it, and"
                        + " the driver has not run it again. Look for its effect on the primary first"
                        + because(cause),
                cause);
    }

    /** The same answer for a later call, with the trace of that call. */
    static SQLException again(SQLException first) {
        String text = String.valueOf(first.getMessage());
        return first instanceof CommitUnknownException
                ? new CommitUnknownException(text, first)
                : new TransactionLostException(text, first);
    }

    private static String after(int steps) {
        return steps == 0 ? "" : steps == 1 ? " of 1 statement" : " of " + steps + " statements";
    }

    private static String because(@Nullable Throwable cause) {
        return cause == null || cause.getMessage() == null ? "" : " (" + cause.getMessage() + ")";
    }
}
