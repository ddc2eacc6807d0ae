package io.github.pgbaton.internal.session;

import io.github.pgbaton.event.SessionStateLostException;
import io.github.pgbaton.internal.outcome.Backend;
import io.github.pgbaton.internal.probe.Deadline;
import io.github.pgbaton.internal.probe.OpenSession;
import io.github.pgbaton.internal.routing.ClusterRef;
import io.github.pgbaton.pool.NoSessionException;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.sql.SQLWarning;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.postgresql.jdbc.PgConnection;

/**
 * Opens the session that takes the place of another one, and gives it what the other had; what it cannot be given is told
 * once and then forgotten.
 *
 * <p>Serves one replacement.
 */
final class Restoring {
    private final SessionAttributes attributes;
    private final SessionState state;
    private final boolean autoCommit;
    private final Arrivals arrivals;
    private final List<String> lost = new ArrayList<>();
    /** What may hold the locks that the new session is about to ask for. */
    private final Set<Backend> ghosts = new LinkedHashSet<>();

    private @Nullable SQLException refusal;
    /** Whether it took, after a refusal, what setters of the connection had made. */
    private boolean tookJdbcs;

    Restoring(HeldSession held) {
        this.attributes = held.attributes;
        this.state = held.state;
        this.autoCommit = held.autoCommit;
        this.arrivals = held.arrivals;
    }

    /** Where a session belongs as long as SQL is run on it. */
    Arrivals arrivals() {
        return arrivals;
    }

    /** @param dead the server's side of a session that broke inside a transaction; null where it is not known */
    void ghost(@Nullable Backend dead) {
        if (dead != null) {
            ghosts.add(dead);
        }
    }

    /**
     * @param deadline for opening it and giving it everything
     * @param cancelled whether the caller no longer wants it
     * @return a session where the target allows it
     * @throws SQLException 08001 without one in time, or where giving it everything takes too long
     */
    OpenSession open(ClusterRef cluster, Deadline deadline, BooleanSupplier cancelled) throws SQLException {
        return open(
                cluster,
                () -> initialized(cluster, () -> cluster.reopenTarget(deadline, cancelled), deadline, arrivals),
                deadline);
    }

    /**
     * As {@link #open}, and on the primary whatever the target is.
     *
     * @param spare is tried before a session is opened
     */
    OpenSession openOnPrimary(ClusterRef cluster, Deadline deadline, BooleanSupplier cancelled, Spare spare)
            throws SQLException {
        Opener opener = () -> {
            OpenSession left = spare.take();
            return left == null ? cluster.open(deadline, cancelled) : left;
        };
        return open(cluster, () -> initialized(cluster, opener, deadline, arrivals), deadline);
    }

    private interface Opener {
        OpenSession open() throws SQLException;
    }

    private OpenSession open(ClusterRef cluster, Opener opener, Deadline deadline) throws SQLException {
        while (true) {
            OpenSession fresh = opener.open();
            // A lock or a member that freezes now would hold the caller for as long as it likes.
            try (Arrivals.Arrival arriving = arrivals.of(fresh);
                    ClusterRef.Limit limit = cluster.limit(fresh, deadline)) {
                endGhosts(fresh, deadline);
                give(fresh);
                if (limit.kept()) {
                    return fresh;
                }
                throw broken(fresh);
            } catch (SQLException e) {
                giveUpUnlessGone(
                        cluster, fresh, deadline, arrivals, "what the session before it had was not restored", e);
            }
        }
    }

    /**
     * A member that went on, while only the session to it broke, may not have noticed: its backend sits on the
     * transaction's locks until TCP gives up, and the transaction would wait for itself.
     */
    private void endGhosts(OpenSession fresh, Deadline deadline) throws SQLException {
        for (Iterator<Backend> each = ghosts.iterator(); each.hasNext(); ) {
            Backend ghost = each.next();
            if (ghost.member().equals(fresh.address())) {
                ghost.awaitEnd(fresh.connection(), deadline);
                each.remove();
            }
        }
    }

    /**
     * @param fresh gets everything that the other one had
     * @throws SQLException what it said to that
     */
    void give(OpenSession fresh) throws SQLException {
        refusal = null;
        tookJdbcs = false;
        attributes.restore(fresh.connection());
        restoreState(fresh);
        fresh.connection().setAutoCommit(autoCommit);
    }

    /** A session where the target allows it, on which {@code connectionInitSql} was run. */
    static OpenSession initialized(ClusterRef cluster, Deadline deadline, BooleanSupplier cancelled, Arrivals arrivals)
            throws SQLException {
        return initialized(cluster, () -> cluster.openTarget(deadline, cancelled), deadline, arrivals);
    }

    /** As {@link #initialized}, where no call waits for it. */
    static OpenSession inBackground(ClusterRef cluster, Deadline deadline, BooleanSupplier cancelled, Arrivals arrivals)
            throws SQLException {
        return initialized(cluster, () -> cluster.openInBackground(deadline, cancelled), deadline, arrivals);
    }

    private static OpenSession initialized(ClusterRef cluster, Opener opener, Deadline deadline, Arrivals arrivals)
            throws SQLException {
        String sql = cluster.connectionInitSql();
        while (true) {
            OpenSession fresh = opener.open();
            if (sql == null) {
                return fresh;
            }
            try (Arrivals.Arrival arriving = arrivals.of(fresh);
                    ClusterRef.Limit limit = cluster.limit(fresh, deadline);
                    Statement statement = fresh.connection().createStatement()) {
                statement.execute(sql);
                if (limit.kept()) {
                    return fresh;
                }
                throw broken(fresh);
            } catch (SQLException e) {
                giveUpUnlessGone(
                        cluster,
                        fresh,
                        deadline,
                        arrivals,
                        "connectionInitSql was not done",
                        new SQLException(
                                "connectionInitSql failed on " + fresh.address() + ": " + e.getMessage(),
                                e.getSQLState(),
                                e));
            }
        }
    }

    /** Everything was said to it, but whether it heard the last of it, nobody knows. */
    private static SQLException broken(OpenSession fresh) {
        return new SQLTransientConnectionException("the session on " + fresh.address() + " broke", "08006");
    }

    /** @param undone what is told of a session that broke at the deadline, which is as a rule what broke it */
    private static void giveUpUnlessGone(
            ClusterRef cluster,
            OpenSession fresh,
            Deadline deadline,
            Arrivals arrivals,
            String undone,
            SQLException failure)
            throws SQLException {
        boolean gone = Losses.isLoss(failure, fresh);
        cluster.discard(fresh);
        if (arrivals.closed()) {
            // It was not its member that broke it.
            throw HeldSession.closedException();
        }
        if (!gone) {
            throw failure;
        }
        if (deadline.passed()) {
            throw new NoSessionException(
                    undone + " on " + fresh.address() + " within "
                            + deadline.length().toMillis()
                            + " ms; it may wait for a lock there. The session was dropped",
                    "08001",
                    failure);
        }
        cluster.suspect(fresh);
    }

    private void restoreState(OpenSession fresh) throws SQLException {
        List<String> statements = state.restoring();
        if (statements.isEmpty()) {
            return;
        }
        PgConnection connection = fresh.connection();
        try (Statement statement = connection.createStatement()) {
            // One text is one round trip, however many statements it has.
            statement.execute(String.join(";", statements));
        } catch (SQLException e) {
            if (Losses.isLoss(e, fresh)) {
                throw e;
            }
            refusal = e;
            giveJdbcs(fresh);
        }
        connection.clearWarnings();
        Collection<String> channels = state.channels();
        if (!channels.isEmpty() && refusal == null) {
            connection.addWarning(new SQLWarning(
                    "the connection moved to another session: notifications on " + String.join(", ", channels)
                            + " may have been missed",
                    "01000"));
        }
    }

    /**
     * A pool sets the isolation level once: were it lost with what one borrower set in SQL text, all that come after would
     * work at another one without a word.
     */
    private void giveJdbcs(OpenSession fresh) throws SQLException {
        List<String> statements = state.restoringByJdbc();
        if (!statements.isEmpty()) {
            try (Statement statement = fresh.connection().createStatement()) {
                statement.execute(String.join(";", statements));
            } catch (SQLException e) {
                if (Losses.isLoss(e, fresh)) {
                    throw e;
                }
                return;
            }
        }
        tookJdbcs = true;
    }

    /** @return what the server said to the settings, null where it took them */
    @Nullable
    SQLException refused() {
        return refusal;
    }

    /** @throws SQLException 08S02 where something could not be given to the new session */
    void tellLost(OpenSession dead, OpenSession fresh) throws SQLException {
        lost.addAll(state.takeLost());
        SQLException refused = refusal;
        if (refused != null) {
            if (tookJdbcs) {
                lost.add("its settings of SQL text and LISTEN, because one of them was refused");
                state.forgetSqlText();
            } else {
                lost.add("its settings and LISTEN, because one of them was refused");
                state.forgetSettings();
            }
        }
        if (!lost.isEmpty()) {
            throw new SessionStateLostException(
                    "the session on " + dead.address() + " is gone, and the one on " + fresh.address()
                            + " cannot be given what it had: " + String.join("; ", lost)
                            + ". Nothing was sent. The connection goes on without it: make it again, or close the connection",
                    refused);
        }
    }
}
