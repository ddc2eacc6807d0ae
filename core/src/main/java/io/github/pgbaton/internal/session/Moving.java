package io.github.pgbaton.internal.session;

import io.github.pgbaton.internal.probe.OpenSession;
import io.github.pgbaton.internal.replay.Journal;
import io.github.pgbaton.internal.replay.ReplayMismatchException;
import io.github.pgbaton.internal.routing.ClusterRef;
import io.github.pgbaton.internal.session.LogicalSession.Caller;
import java.sql.SQLException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.postgresql.jdbc.PgConnection;

/**
 * Puts a session on the primary in the place of a dead one; a transaction that was open on that one is replayed on it, or
 * lost and told so.
 */
final class Moving {
    /** A transaction whose sessions break this many times is not one that is interrupted by failovers. */
    private static final int MOST_REPLAYS = 10;

    private final HeldSession held;
    private final ClusterRef cluster;
    private final SessionState state;
    private final Journal journal;
    /** Whoever waits for a primary now; only it can be told to stop. */
    private volatile @Nullable Caller waiting;
    /** What it waits for, where that is a replay. */
    private volatile @Nullable Replaying replaying;

    Moving(HeldSession held) {
        this.held = held;
        this.cluster = held.cluster;
        this.state = held.state;
        this.journal = held.journal;
    }

    /**
     * Before a call begins a transaction on a session that an announced switchover would take away.
     *
     * @return what is left of the call's patience, for what it may have to wait for next; null where it was not held back
     */
    @Nullable
    Patience awaitSwitchover(OpenSession now, Caller caller) throws SQLException {
        if (!cluster.holds(now) || held.inTransaction(now) || (!cluster.unproven() && held.mayBeCutOff())) {
            return null;
        }
        try {
            return awaitSwitchover(caller);
        } catch (SQLException e) {
            if (held.firstLost && !held.closed) {
                loseFirst(now, e);
            }
            throw e;
        }
    }

    /** A transaction without its first statement: its second one would begin another, and a COMMIT keep that alone. */
    private void loseFirst(OpenSession dead, SQLException ended) {
        held.lose(Losses.lost(dead, journal.steps(), "its first call ended before it was made again", ended));
    }

    private Patience awaitSwitchover(Caller caller) throws SQLException {
        Patience patience = new Patience(caller, cluster);
        waiting = caller;
        try {
            cluster.awaitSwitchover(patience.deadline(), caller::waitCancelled);
        } finally {
            waiting = null;
        }
        patience.check();
        if (held.closed) {
            throw HeldSession.closedException();
        }
        cluster.requireProof(patience.elapsed());
        return patience;
    }

    /** As {@link LogicalSession#cancelWait}. */
    boolean cancelWait(Caller caller) {
        if (waiting != caller) {
            return false;
        }
        caller.waitCancelled(true);
        cluster.wake();
        Replaying now = replaying;
        if (now != null) {
            now.cancel();
        }
        // Where the wait ended meanwhile, nobody may have looked: then the statement itself is to be cancelled.
        return waiting == caller;
    }

    /** @param begun the call's patience, null where it has not waited yet */
    PgConnection replace(OpenSession dead, Caller caller, @Nullable Patience begun) throws SQLException {
        cluster.suspect(dead);
        if (held.inTransaction(dead)) {
            return replay(dead, caller, Spare.none(cluster));
        }
        cluster.discard(dead);
        return succeed(dead, caller, begun, () -> {});
    }

    /**
     * A session that is good leaves a member that is not what it should be.
     *
     * @param begun as for {@link #replace}
     * @return null where it stays: it serves on the primary, only a replica would be better, and none lets it in
     */
    @Nullable
    PgConnection move(OpenSession old, Caller caller, @Nullable Patience begun) throws SQLException {
        try {
            return succeed(old, caller, begun, () -> cluster.close(old));
        } catch (SQLException e) {
            boolean stays = !old.onReplica()
                    && held.session == old
                    && !held.closed
                    && !Patience.ended(e)
                    && !Thread.currentThread().isInterrupted();
            if (!stays) {
                throw e;
            }
            cluster.stays(old);
            return null;
        }
    }

    /** @param farewell to the old session, once there is a new one */
    private PgConnection succeed(OpenSession dead, Caller caller, @Nullable Patience begun, Runnable farewell)
            throws SQLException {
        Patience patience = begun == null ? new Patience(caller, cluster) : begun;
        Restoring restoring = new Restoring(held);
        if (held.brokenAtFirstCall > 0) {
            restoring.ghost(held.backend());
        }
        OpenSession fresh;
        waiting = caller;
        try {
            fresh = restoring.open(cluster, patience.deadline(), caller::waitCancelled);
        } catch (SQLException e) {
            SQLException answer = patience.explain(e);
            if (held.closed || !held.firstLost) {
                throw held.closed ? e : answer;
            }
            SQLException lost = held.lose(Losses.noPrimary(dead, held.commit, journal.steps(), e));
            throw Patience.ended(answer) ? answer : lost;
        } finally {
            waiting = null;
        }
        farewell.run();
        boolean firstLost = held.firstLost;
        moveTo(fresh, dead, patience.elapsed());
        try {
            restoring.tellLost(dead, fresh);
            patience.check();
        } catch (SQLException e) {
            if (firstLost) {
                loseFirst(dead, e);
            }
            throw e;
        }
        return fresh.connection();
    }

    void moveTo(OpenSession fresh, OpenSession dead, Duration waited) throws SQLException {
        held.moved(fresh);
        if (held.closed) {
            // abort() came while the session was being replaced and saw only the old one.
            cluster.discard(fresh);
            throw HeldSession.closedException();
        }
        cluster.moved(dead.address(), fresh.address(), waited, state.channels());
    }

    /**
     * The transaction of a dead session goes on where it was, or is over.
     *
     * @param spare is tried before a session is opened
     */
    PgConnection replay(OpenSession dead, Caller caller, Spare spare) throws SQLException {
        String obstacle = held.obstacle();
        if (obstacle == null && journal.unanswered()) {
            obstacle = Journal.UNANSWERED;
        }
        if (obstacle == null && journal.replaying() > MOST_REPLAYS) {
            obstacle = "its session broke " + MOST_REPLAYS + " times; it looks as if one of its calls ends the session";
        }
        if (obstacle != null) {
            throw held.loseOpen(dead, obstacle, null);
        }
        Patience patience = new Patience(caller, cluster);
        Restoring restoring = new Restoring(held);
        restoring.ghost(held.backend());
        Replaying.Replayed fresh;
        Replaying replay = new Replaying(cluster, restoring, journal, dead, spare);
        replaying = replay;
        waiting = caller;
        try {
            fresh = replay.open(patience.deadline(), caller::waitCancelled);
        } catch (ReplayMismatchException e) {
            throw held.lose(Losses.lost(
                    dead, held.commit, journal.steps(), "running it again came out differently: " + e.getMessage(), e));
        } catch (SQLException e) {
            SQLException answer = Losses.noPrimary(dead, held.commit, journal.steps(), e);
            held.lose(answer);
            throw held.closed ? e : caller.waitCancelled() ? patience.explain(e) : answer;
        } finally {
            waiting = null;
            replaying = null;
        }
        if (caller.waitCancelled()) {
            // Whoever cancelled has left it to this call: it must not go on as if nothing had been said.
            journal.abandon();
            cluster.discard(fresh.session());
            held.lose(Losses.lost(dead, held.commit, journal.steps(), "its call was cancelled meanwhile", null));
            patience.check();
        }
        cluster.discard(dead);
        moveTo(fresh.session(), dead, patience.elapsed());
        held.committer = fresh.committer();
        journal.adopt(held.generation);
        cluster.protection().replayed(journal.kept());
        return fresh.session().connection();
    }
}
