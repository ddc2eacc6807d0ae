package io.github.pgbaton.internal.session;

import io.github.pgbaton.config.BatonConfig;
import io.github.pgbaton.internal.outcome.Backend;
import io.github.pgbaton.internal.outcome.Committer;
import io.github.pgbaton.internal.probe.OpenSession;
import io.github.pgbaton.internal.replay.Journal;
import io.github.pgbaton.internal.routing.ClusterRef;
import io.github.pgbaton.internal.socket.RawSocket;
import io.github.pgbaton.replay.ProtectionReport.Reason;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.postgresql.core.TransactionState;

/**
 * The physical session of the moment and what is known of the transaction on it; {@link #lost} is set exactly while the
 * application has been told of a loss and has not ended that transaction.
 *
 * <p>Belongs to the thread that uses the connection, except for {@link #session} and {@link #closed}.
 */
final class HeldSession {
    static final String BEGUN_BY_TEXT = "it was begun by SQL text in autocommit mode";

    private static final String BACKSLASH =
            "standard_conforming_strings is off, and SQL text has a backslash in it, which may hide a COMMIT";

    /** How long a session may lie idle before the next call first looks whether the server hung up meanwhile. */
    private static final long IDLE_NANOS = TimeUnit.MILLISECONDS.toNanos(250);

    final ClusterRef cluster;
    final SessionAttributes attributes = new SessionAttributes();
    final SessionState state;
    final Journal journal;

    final Turn turn = new Turn();
    final Arrivals arrivals = new Arrivals();

    volatile OpenSession session;
    volatile boolean closed;
    boolean autoCommit = true;
    /** What PgJDBC itself has, which an application may have changed behind our back through unwrap. */
    boolean rawAutoCommit = true;

    long generation;
    /** What the application was told of its transaction, until it ends it. */
    @Nullable
    SQLException lost;
    /** What became of the COMMIT of the transaction, as long as that is not over. */
    Losses.Commit commit = Losses.Commit.NOT_SENT;
    /**
     * Whether the first statement of a transaction was sent, its session broke, and it is to be run again. Where it cannot be,
     * the transaction is lost as any other one: its second statement must not be committed without it.
     */
    boolean firstLost;
    /** Of the session of now, from its first transaction on. */
    @Nullable
    Committer committer;
    /** Whether the last transaction that wrote something down for a replay could have been replayed whole, its COMMIT included. */
    private boolean lastOneProtected;
    /** The transaction has ended, though the dead session still claims to be inside it. */
    boolean over;
    /** Whether the session gave an answer since it was attached the last time. */
    boolean answered;

    boolean idleBeforeCall = true;
    /** Whether the autocommit statement under way runs in a transaction that only the driver knows of. */
    boolean wrapped;
    /** What a COMMIT of the driver's own ended with: nobody has to find out more, and the application gets it as it is. */
    @Nullable
    SQLException told;
    /** Whether the statement under way is run once more because PgJDBC has to prepare it anew. */
    boolean preparedAnew;
    /** How many sessions in a row broke at their first call. */
    int brokenAtFirstCall;

    private long lastUseNanos = System.nanoTime();

    HeldSession(ClusterRef cluster, OpenSession session) {
        this.cluster = cluster;
        this.session = session;
        this.state = new SessionState(cluster.connectionInitSql() != null);
        BatonConfig config = cluster.config();
        this.journal = new Journal(config.replay(), config.journalLimit(), config.replayDeny());
    }

    /** From here on no call on its behalf goes on, be it on a session that is still to take the place of this one. */
    void end() {
        closed = true;
        arrivals.close();
    }

    void autoCommit(boolean value) {
        autoCommit = value;
        if (readOnly()) {
            // In a transaction BEGIN says it.
            toldReadOnly(value);
        }
    }

    void readOnly(boolean value) {
        boolean changed = value != readOnly();
        attributes.readOnly(value);
        if (changed && autoCommit) {
            toldReadOnly(value);
        }
    }

    private boolean readOnly() {
        Boolean set = attributes.readOnly();
        return set == null ? cluster.opensReadOnly() : set;
    }

    /** PgJDBC set it as SQL text may have done before: the later word counts for the next session too. */
    private void toldReadOnly(boolean value) {
        if (cluster.tellsReadOnlyAlways()) {
            state.setDefaultReadOnly(value);
            if (!inTransaction(session)) {
                state.committed();
            }
        }
    }

    /** Another session takes its place. */
    void moved(OpenSession fresh) {
        generation++;
        committer = null;
        over = false;
        wrapped = false;
        commit = Losses.Commit.NOT_SENT;
        firstLost = false;
        answered = true;
        idleBeforeCall = fresh.connection().getTransactionState() == TransactionState.IDLE;
        rawAutoCommit = autoCommit;
        session = fresh;
        lastUseNanos = System.nanoTime();
    }

    /** The server's side of it, null where nobody has asked. */
    @Nullable
    Backend backend() {
        Committer known = committer;
        return known == null ? null : known.backend();
    }

    void used() {
        lastUseNanos = System.nanoTime();
    }

    /** Whether nothing can be sent on it any more; looks at the socket where it has lain idle. */
    boolean gone(OpenSession now) throws SQLException {
        return isDead(now) || (rested() && hungUp(now));
    }

    /** The same of one that may have lain idle for however short a time, by another thread too, whose turn it is then. */
    boolean ended(OpenSession idle) throws SQLException {
        return isDead(idle) || hungUp(idle);
    }

    /** Whether another session can take the place of this one without anybody noticing. */
    boolean nothingToLose(OpenSession now) {
        return lost == null && !inTransaction(now) && state.held().isEmpty();
    }

    /** Whether another member is to have the session: never inside a transaction, and not for one with the primary's target. */
    boolean misplaced(OpenSession now) {
        return switch (cluster.placed(now)) {
            case WELL -> false;
            case ELSEWHERE_BETTER -> !inTransaction(now) && state.held().isEmpty();
            case PROMOTED -> !inTransaction(now);
        };
    }

    /** Whether it is gone, and another one takes its place without anybody noticing. */
    boolean replaceable() throws SQLException {
        return !closed && nothingToLose(session) && ended(session);
    }

    /** Whether another member is to have it, and nobody would notice. */
    boolean movesOn() {
        return !closed && nothingToLose(session) && misplaced(session);
    }

    /** Each call of whoever uses the connection begins so; it waits out a move. */
    void use() {
        if (!turn.isUsers()) {
            turn.takeBack();
            if (turn.awaited()) {
                // Whoever opens a session for this connection need not wait any longer.
                cluster.wake();
            }
        }
    }

    /**
     * Notes how a transaction committed.
     *
     * @param steps of it
     * @param whole whether it could have been replayed, its COMMIT included
     */
    void committed(int steps, boolean whole) {
        if (steps > 0) {
            lastOneProtected = whole;
        }
    }

    /**
     * Whether a transaction that begins now may be cut off by a switchover without anybody noticing: as far as the last one
     * tells, it would be replayed. A statement in autocommit mode tells nothing of the next one.
     */
    boolean mayBeCutOff() {
        Committer ready = committer;
        return lastOneProtected
                && !autoCommit
                && journal.recording()
                && ready != null
                && ready.unprotected() == null
                && state.held().isEmpty();
    }

    /** Whether it is known, without a look at the socket, that nothing can be sent on it any more. */
    static boolean isDead(OpenSession now) throws SQLException {
        return now.socket().aborted() || now.connection().isClosed();
    }

    /** Whether the session has lain idle; notes that it is used now. */
    private boolean rested() {
        long before = lastUseNanos;
        lastUseNanos = System.nanoTime();
        return lastUseNanos - before > IDLE_NANOS;
    }

    /** Whether the server ended an idle session; reads what it sent meanwhile, so that nothing is lost. */
    private boolean hungUp(OpenSession idle) throws SQLException {
        if (idle.connection().isClosed()) {
            return true;
        }
        for (int look = 0; look < 3; look++) {
            RawSocket.Peek peek = idle.socket().peek();
            if (peek != RawSocket.Peek.DATA) {
                return peek == RawSocket.Peek.HUNG_UP;
            }
            if (inTransaction(idle)) {
                // PgJDBC reads notifications between transactions only; the next call reads what waits here.
                return false;
            }
            try {
                idle.connection().getQueryExecutor().processNotifies();
            } catch (SQLException e) {
                // The server's last words: an administrator's or a shutdown's FATAL.
                return true;
            }
        }
        return false;
    }

    /** Makes sure that the next call replaces the session, and that nobody trusts its member unseen. */
    void broken(OpenSession now) {
        now.socket().abort();
        cluster.suspect(now);
    }

    /** Asks what PostgreSQL last said: SQL text can begin a transaction in autocommit mode too. */
    boolean inTransaction(OpenSession now) {
        return !over && now.connection().getTransactionState() != TransactionState.IDLE;
    }

    /** @param obstacle why the driver cannot run it again by itself, a clause */
    SQLException loseOpen(OpenSession dead, @Nullable String obstacle, @Nullable SQLException failure) {
        String unclear = journal.unclear();
        return unclear == null
                ? lose(Losses.lost(dead, commit, journal.steps(), obstacle, failure))
                : loseUnknown(Losses.commitUnknown(dead, journal.steps(), unclear, failure));
    }

    /** As {@link #lose}, of a transaction that may have been committed. */
    SQLException loseUnknown(SQLException answer) {
        state.endedUnseen();
        return lose(answer);
    }

    SQLException lose(SQLException answer) {
        lost = answer;
        lastOneProtected = false;
        cluster.protection().lost();
        return answer;
    }

    /**
     * Forgets a transaction that ended unseen: by SQL text that failed nevertheless, or by PgJDBC's own objects. Its steps in
     * front of those of the next one would be done twice.
     */
    void noteEnd() {
        if ((journal.steps() > 0 || state.changing()) && !inTransaction(session)) {
            journal.restart();
            state.endedUnseen();
        }
    }

    /** The transaction has ended, whichever way; a dead session still claims to be inside it. */
    void transactionOver() {
        journal.clear();
        forgetTransaction();
    }

    /** What was said of a next transaction was not said of the next borrower's. */
    void requestBoundary() {
        if (lost != null) {
            transactionOver();
        }
        noteEnd();
        if (!inTransaction(session)) {
            journal.clear();
        }
    }

    /** The same where nobody knows which way: what it set may count, or not. */
    void transactionUnknown() {
        state.endedUnseen();
        transactionOver();
    }

    /** Nothing of it was committed, and its first statement is run again: it is still the one the application spoke of. */
    void beginsAgain() {
        journal.restart();
        forgetTransaction();
    }

    private void forgetTransaction() {
        lost = null;
        commit = Losses.Commit.NOT_SENT;
        firstLost = false;
        state.rolledBack();
        OpenSession now = session;
        if (now.connection().getTransactionState() != TransactionState.IDLE) {
            over = true;
            now.socket().abort();
        }
    }

    /** Why the open transaction cannot be replayed, null where it can. */
    @Nullable
    Reason reason() {
        if ((autoCommit || rawAutoCommit) && inTransaction(session)) {
            return new Reason(BEGUN_BY_TEXT, null);
        }
        if (!session.connection().getStandardConformingStrings() && journal.hidesText()) {
            // Texts are read as if it were on; what that took for a literal may have been a COMMIT.
            journal.commitUnclear(BACKSLASH);
            return new Reason(BACKSLASH, null);
        }
        Reason known = journal.obstacle();
        if (known != null) {
            return known;
        }
        List<String> held = state.held();
        return held.isEmpty() ? null : new Reason("the session held " + String.join(", ", held), null);
    }

    /** As a clause for messages. */
    @Nullable
    String obstacle() {
        Reason reason = reason();
        return reason == null ? null : reason.construct();
    }

    void checkOpen() throws SQLException {
        use();
        if (closed) {
            throw closedException();
        }
    }

    static SQLException brokenBeforeCommit() {
        return new SQLNonTransientConnectionException("the session broke before COMMIT was sent", "08006");
    }

    static SQLException closedException() {
        return new SQLNonTransientConnectionException("this connection has been closed", "08003");
    }
}
