package io.github.pgbaton.internal.outcome;

import io.github.pgbaton.internal.probe.Deadline;
import io.github.pgbaton.internal.probe.OpenSession;
import io.github.pgbaton.internal.probe.Standing;
import io.github.pgbaton.internal.routing.ClusterRef;
import io.github.resilience4j.core.IntervalFunction;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.postgresql.core.TransactionState;
import org.postgresql.jdbc.PgConnection;

/**
 * Asks one primary after the other about a COMMIT in doubt, until one of them can tell, or the time is up; a member that
 * is not proven to be the primary of now is not asked.
 */
abstract class Resolving {
    /** A barrier that hangs for longer is tried again on another session: this member may be no primary any more. */
    static final Duration BARRIER = Duration.ofSeconds(10);

    private static final IntervalFunction PAUSE =
            IntervalFunction.ofExponentialRandomBackoff(Duration.ofMillis(20), 1.7, 0.5, Duration.ofMillis(500));

    final ClusterRef cluster;
    final Doubt doubt;
    final Deadline deadline;
    private final BooleanSupplier cancelled;
    /** That the primary which was asked last writes, 0 before one was. */
    int timeline;

    /** What the latest attempt came to, for messages. */
    String last = "no primary was reached";

    Resolving(ClusterRef cluster, Doubt doubt, Deadline deadline, BooleanSupplier cancelled) {
        this.cluster = cluster;
        this.doubt = doubt;
        this.deadline = deadline;
        this.cancelled = cancelled;
    }

    /** On a member that is proven to be the primary. Null: begin again. */
    abstract @Nullable Resolution on(OpenSession session, SessionFacts facts);

    /** Why to stop, beyond what {@link #over} knows. */
    Resolution.@Nullable Unknown expired() {
        return null;
    }

    final Resolution run() {
        for (int attempt = 1; ; attempt++) {
            Resolution.Unknown end = over();
            if (end != null) {
                return end;
            }
            OpenSession session;
            try {
                session = cluster.open(deadline, cancelled);
            } catch (SQLException e) {
                return new Resolution.Unknown(last + "; then: " + e.getMessage(), null);
            }
            Resolution found = on(session);
            if (found != null) {
                return found;
            }
            cluster.suspect(session);
            cluster.discard(session);
            pause(attempt);
        }
    }

    private @Nullable Resolution on(OpenSession session) {
        SessionFacts facts;
        try {
            facts = SessionFacts.ask(session, deadline);
        } catch (SQLException e) {
            failed(session.address().toString(), e);
            return null;
        }
        Standing standing = facts.standing();
        if (!standing.inRecovery() && (standing.systemIdentifier() == null || standing.timeline() <= 0)) {
            return new Resolution.Unknown(
                    "a primary of the past cannot be told from the one of now: role " + facts.role()
                            + " may not execute pg_walfile_name or pg_control_system",
                    session);
        }
        String refusal = refusal(session, standing);
        if (refusal != null) {
            last = session.address() + " " + refusal;
            return null;
        }
        timeline = standing.timeline();
        return on(session, facts);
    }

    /** Why a member may not be asked, null where it may. */
    final @Nullable String refusal(OpenSession session, Standing standing) {
        String refusal = cluster.refusal(session, standing);
        if (refusal != null) {
            return refusal;
        }
        String system = doubt.systemIdentifier();
        if (system != null && !system.equals(standing.systemIdentifier())) {
            return "belongs to another cluster (system identifier " + standing.systemIdentifier() + ", expected "
                    + system + ")";
        }
        return standing.timeline() < doubt.timeline()
                ? "writes timeline " + standing.timeline() + ", and the COMMIT was sent on " + doubt.timeline()
                : null;
    }

    /** Ends a backend that may still be at it, where it is one of this member. */
    final void end(PgConnection connection, Backend backend) {
        try {
            backend.end(connection);
        } catch (SQLException e) {
            // Not allowed, or the session broke: whoever waits for the backend finds that out.
            failed("ending the old backend", e);
        }
    }

    /** What the deadline breaks off says less than what was waited for. */
    final void failed(String where, SQLException failure) {
        if (!deadline.passed()) {
            last = where + ": " + failure.getMessage();
        }
    }

    /** Makes sure that no transaction is open after an error, and that the session can go on. */
    static boolean lives(PgConnection connection) {
        if (connection.getTransactionState() == TransactionState.IDLE) {
            return true;
        }
        try (Statement statement = connection.createStatement()) {
            statement.execute("ROLLBACK");
            return connection.getTransactionState() == TransactionState.IDLE;
        } catch (SQLException e) {
            return false;
        }
    }

    /** Whether to stop, and why. */
    final Resolution.@Nullable Unknown over() {
        Resolution.Unknown end = expired();
        if (end != null) {
            return end;
        }
        if (Thread.currentThread().isInterrupted()) {
            return new Resolution.Unknown("the thread was interrupted; before that: " + last, null);
        }
        if (cancelled.getAsBoolean()) {
            return new Resolution.Unknown("the connection was closed meanwhile; before that: " + last, null);
        }
        if (deadline.passed()) {
            return new Resolution.Unknown(
                    "nothing was found out within " + deadline.length().toMillis() + " ms; last: " + last, null);
        }
        return null;
    }

    final void pause(int attempt) {
        long nanos = Math.min(
                TimeUnit.MILLISECONDS.toNanos(PAUSE.apply(Math.min(attempt, 20))), Math.max(deadline.leftNanos(), 0));
        try {
            TimeUnit.NANOSECONDS.sleep(nanos);
        } catch (InterruptedException e) {
            // The next look whether it is over sees it.
            Thread.currentThread().interrupt();
        }
    }
}
