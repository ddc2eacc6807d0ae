package io.github.pgbaton.internal.outcome;

import io.github.pgbaton.config.CommitMode;
import io.github.pgbaton.internal.outcome.CommitResult.Committed;
import io.github.pgbaton.internal.outcome.CommitResult.InDoubt;
import io.github.pgbaton.internal.outcome.CommitResult.NotSent;
import io.github.pgbaton.internal.outcome.CommitResult.Refused;
import io.github.pgbaton.internal.probe.Deadline;
import io.github.pgbaton.internal.probe.OpenSession;
import io.github.pgbaton.internal.probe.Standing;
import io.github.pgbaton.internal.routing.ClusterRef;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.SQLNonTransientException;
import java.sql.SQLTransactionRollbackException;
import java.sql.SQLWarning;
import java.sql.Statement;
import java.time.Instant;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGStatement;
import org.postgresql.core.TransactionState;
import org.postgresql.jdbc.AutoSave;
import org.postgresql.jdbc.PgConnection;
import org.postgresql.jdbc.PreferQueryMode;
import org.postgresql.util.PSQLException;

/**
 * Commits the transactions of one session: each COMMIT carries a new token into the ledger, in the same burst and under the
 * same Sync, so the token is there if and only if the transaction is. Without a ledger the transaction's id is asked for
 * first, and the COMMIT is sent once it is known.
 *
 * <p>It judges by what PostgreSQL said last. A call that failed on a session that is open still has read ReadyForQuery
 * behind its own Sync, so the server has dealt with the COMMIT and refused it. A session that broke tells nothing.
 *
 * <p>Not thread-safe: lives on the thread that uses the session, and ends with it.
 */
public final class Committer {
    /**
     * A transaction without an xid has changed nothing, and gets none by this, unless its COMMIT may yet change something. The
     * names are qualified because the application may put what it likes on its search_path.
     */
    static final String SQL = "INSERT INTO pgbaton.tx(token) SELECT ?::pg_catalog.uuid"
            + " WHERE (pg_catalog.pg_current_xact_id_if_assigned() IS NOT NULL OR " + HeldCursors.EXIST + ") AND "
            + Barrier.AUDIBLE + "; COMMIT";

    /** The ledger is gone, of another shape, or the role of the moment may not write it. */
    private static final Set<String> LEDGER_REFUSES = Set.of("42P01", "3F000", "42501", "42703", "42804", "42809");

    /** Somebody deallocated it on the server; PgJDBC prepares it anew the next time. */
    private static final String NO_SUCH_STATEMENT = "26000";

    /** Not allowed, or not there. */
    private static final Set<String> MAY_NOT_ASK = Set.of("42501", "42883");

    private static final String READ_ONLY_TRANSACTION = "25006";
    private static final String FAILED_TRANSACTION = "25P02";
    private static final long RECHECK_NANOS = TimeUnit.MINUTES.toNanos(1);
    private static final long STANDBY_NANOS = TimeUnit.SECONDS.toNanos(2);

    private final ClusterRef cluster;
    private final Ledger shared;
    private final OpenSession session;
    private final PgConnection connection;
    private final XidCapture capture;
    private final Tokens tokens = new Tokens();
    private final CommitAudit audit;
    private final int number;
    private final @Nullable String member;
    private final long openNanos = System.nanoTime();
    private SessionFacts facts;
    private long askedNanos;
    private @Nullable PreparedStatement statement;
    /** Why no transaction id can be had from this session, null where it can. */
    private @Nullable String noXid;

    private Committer(ClusterRef cluster, OpenSession session, SessionFacts facts) {
        this.cluster = cluster;
        this.shared = Ledger.of(cluster);
        this.session = session;
        this.connection = session.connection();
        this.capture = new XidCapture(connection);
        this.audit = CommitAudit.of(cluster);
        this.number = audit.session();
        this.member = cluster.member(session);
        this.facts = facts;
        this.askedNanos = System.nanoTime();
        this.noXid = facts.noXid();
    }

    /**
     * Gets to know a session, in one round trip; in two where another one's ledger turns out not to be this one's.
     *
     * @param cluster it belongs to
     * @param session verified, outside a transaction
     * @return what commits on it
     * @throws SQLException PgJDBC's; 55000 where {@code commitOutcome=ledger} is asked for and the ledger is not usable
     */
    public static Committer open(ClusterRef cluster, OpenSession session) throws SQLException {
        KnownFacts known = KnownFacts.of(cluster);
        cluster.rehearse(known);
        Committer made = new Committer(cluster, session, known.ask(session, limit(cluster)));
        made.noteLedger();
        return made;
    }

    private static Deadline limit(ClusterRef cluster) {
        return Deadline.in(cluster.config().handshakeTimeout());
    }

    private void noteLedger() throws SQLException {
        CommitMode mode = cluster.config().commitOutcome();
        if (mode == CommitMode.NONE || mode == CommitMode.XID) {
            return;
        }
        // What is said of the cluster is said of its primary, where a standby has no ids.
        boolean xids = noXid == null || (facts.xids() && facts.standing().inRecovery());
        shared.seen(facts.ledger(), mode == CommitMode.AUTO && xids);
        if (mode == CommitMode.LEDGER && facts.ledger() instanceof LedgerStatus.Unusable unusable) {
            throw new SQLNonTransientException(
                    "commitOutcome=ledger, and " + unusable.reason()
                            + ". Nothing was run. Or set commitOutcome to auto, which does without",
                    "55000");
        }
    }

    /** @return the server's side of its session */
    public Backend backend() {
        return new Backend(session.address(), facts.pid(), facts.backendStart());
    }

    /** @return that it was told something just now; null where no token could prove it afterwards */
    public @Nullable Told told() {
        int timeline = facts.standing().timeline();
        return timeline > 0 && tokens() ? new Told(session.address(), timeline, System.nanoTime()) : null;
    }

    /** @return whether the outcome of a COMMIT that is cut off can be found out */
    public boolean protects() {
        return tokens() || xids();
    }

    private boolean tokens() {
        CommitMode mode = cluster.config().commitOutcome();
        return (mode == CommitMode.AUTO || mode == CommitMode.LEDGER) && facts.ledger() instanceof LedgerStatus.Usable;
    }

    private boolean xids() {
        CommitMode mode = cluster.config().commitOutcome();
        return noXid == null && (mode == CommitMode.XID || (mode == CommitMode.AUTO && !tokens()));
    }

    /** @return why commits are not protected, for reports; null where they are */
    public @Nullable String unprotected() {
        if (tokens()) {
            return null;
        }
        String noLedger = facts.ledger() instanceof LedgerStatus.Unusable unusable ? unusable.reason() : "";
        return switch (cluster.config().commitOutcome()) {
            case NONE -> "commitOutcome=none";
            case LEDGER -> noLedger;
            case XID -> noXid == null ? "commitOutcome=xid: a COMMIT that a failover cuts off may stay unknown" : noXid;
            case AUTO -> noXid == null ? noLedger : noLedger + ", and " + noXid;
        };
    }

    /**
     * Looks again whether there is a ledger, where there was none a minute ago, or a synchronous standby, where the server
     * named none two seconds ago though Patroni is to keep one; one round trip then, none otherwise. For the
     * beginning of a transaction or a request.
     *
     * @throws SQLException PgJDBC's
     */
    public void refresh() throws SQLException {
        CommitMode mode = cluster.config().commitOutcome();
        boolean mayGetLedger = !tokens() && (mode == CommitMode.AUTO || mode == CommitMode.LEDGER);
        boolean mayGetStandby = facts.alone() && cluster.synchronous();
        if (!(mayGetLedger || mayGetStandby)
                || System.nanoTime() - askedNanos < (mayGetStandby ? STANDBY_NANOS : RECHECK_NANOS)
                || connection.getTransactionState() != TransactionState.IDLE) {
            return;
        }
        facts = KnownFacts.of(cluster).askAnew(session, limit(cluster));
        askedNanos = System.nanoTime();
        noteLedger();
    }

    /**
     * Commits the open transaction. Where none is open, nothing is sent. Afterwards no transaction is open, unless the
     * session broke.
     *
     * @param readOnly whether the transaction is READ ONLY for certain: by {@code setReadOnly}, or by SQL text. It commits
     *     plainly then, as PostgreSQL would refuse the token
     * @return how it ended
     */
    public CommitResult commit(boolean readOnly) {
        if (session.socket().aborted() || closed()) {
            return new NotSent();
        }
        TransactionState state = connection.getTransactionState();
        if (state == TransactionState.IDLE) {
            return Committed.PLAINLY;
        }
        if (state == TransactionState.FAILED) {
            return refused(failedTransaction(), false);
        }
        if (!readOnly && !tokens() && cluster.config().commitOutcome() == CommitMode.LEDGER) {
            return refused(ledgerRequired(), true);
        }
        Xid xid = null;
        boolean asked = !readOnly && xids();
        if (asked) {
            Doubt nothing = doubt(null, true, null);
            try {
                if (capture.reads() && capture.commitUnchanged()) {
                    return Committed.PLAINLY;
                }
            } catch (SQLException e) {
                // In a failed transaction it was the question that failed, and not the COMMIT behind it.
                return connection.getTransactionState() == TransactionState.FAILED && !closed()
                        ? notTold(e)
                        : judge(e, nothing);
            }
            try {
                xid = capture.take(member, Witnesses.of(cluster).on(session.address(), cluster));
            } catch (SQLException e) {
                return notTold(e);
            }
        }
        UUID token = readOnly || mayBeReadOnly() || !tokens() ? null : tokens.next();
        Doubt doubt = doubt(token, readOnly || (asked && xid == null), xid);
        Sent sent;
        try {
            sent = token == null ? plainly() : with(token);
        } catch (SQLException e) {
            return judge(e, doubt);
        } catch (Throwable e) {
            // Half of a message may be in PgJDBC's buffer, so nothing may follow it, and all of it may have left.
            return inDoubt(doubt, new SQLException("the COMMIT was cut off by " + e, "08007", e));
        }
        if (connection.getTransactionState() != TransactionState.IDLE) {
            return inDoubt(doubt, new SQLException("a transaction is open still after its COMMIT", "08007"));
        }
        if (sent.cut()) {
            try {
                Barrier.pass(connection, Deadline.in(cluster.failoverTimeout()));
            } catch (SQLException e) {
                return inDoubt(doubt, e);
            }
        }
        if (facts.alone() && cluster.synchronous()) {
            cluster.protection().committedWithoutStandby();
        }
        if (xid != null) {
            audit.acknowledged(number, xid);
        }
        CommitResult result = Committed.PLAINLY;
        if (token != null && sent.rows() > 0) {
            audit.acknowledged(
                    number,
                    token,
                    facts.ledgerOid(),
                    facts.standing().timeline(),
                    new RecentCommits.Span(session.address(), openNanos, doubt.sentNanos()));
            shared.committed(cluster);
            result = new Committed(token);
        }
        lookAgain();
        return result;
    }

    /** Of what became of the COMMIT it changes nothing any more. */
    private void lookAgain() {
        try {
            refresh();
        } catch (SQLException e) {
            // The next call finds out what is the matter with the session.
        }
    }

    /**
     * @param rows that the ledger got
     * @param cut whether the server gave up waiting for its synchronous standby
     */
    private record Sent(int rows, boolean cut) {
        static final Sent PLAIN = new Sent(0, false);
        static final Sent TOKEN = new Sent(1, false);
    }

    private Sent with(UUID token) throws SQLException {
        PreparedStatement commit = prepared();
        AutoSave autosave = connection.getAutosave();
        if (autosave != AutoSave.NEVER) {
            // A savepoint would cost a message, and hide a refused token behind a transaction that is open still.
            connection.setAutosave(AutoSave.NEVER);
        }
        try {
            commit.setObject(1, token);
            int rows = commit.executeUpdate();
            SQLWarning warning = commit.getWarnings();
            if (warning == null && rows == 1) {
                return Sent.TOKEN;
            }
            if (warning != null) {
                connection.addWarning(warning);
            }
            return new Sent(rows, Barrier.needed(warning));
        } finally {
            if (autosave != AutoSave.NEVER) {
                connection.setAutosave(autosave);
            }
        }
    }

    private PreparedStatement prepared() throws SQLException {
        PreparedStatement commit = statement;
        if (commit == null || commit.isClosed()) {
            commit = connection.prepareStatement(SQL);
            if (connection.getPrepareThreshold() > 0) {
                // Zero is how an application says that a pooler is in between that knows no prepared statements.
                commit.unwrap(PGStatement.class).setPrepareThreshold(1);
            }
            commit.setQueryTimeout(0);
            statement = commit;
        }
        return commit;
    }

    private Sent plainly() throws SQLException {
        if (connection.getAutoCommit()) {
            try (Statement commit = connection.createStatement()) {
                commit.setQueryTimeout(0);
                commit.execute("COMMIT");
                return new Sent(0, Barrier.needed(commit.getWarnings()));
            }
        }
        return Barrier.neededAfterCommit(connection) ? new Sent(0, true) : Sent.PLAIN;
    }

    /** What a failed COMMIT means; by the state of the session, and not by the SQLState alone. */
    private CommitResult judge(SQLException failure, Doubt doubt) {
        boolean answered = failure instanceof PSQLException said && said.getServerErrorMessage() != null
                || FAILED_TRANSACTION.equals(failure.getSQLState());
        TransactionState state = connection.getTransactionState();
        if (!answered || session.socket().aborted() || closed() || state == TransactionState.OPEN) {
            return inDoubt(doubt, failure);
        }
        String sqlState = String.valueOf(failure.getSQLState());
        // In state IDLE it was the COMMIT that failed, but for simple queries, where it follows a failed token.
        boolean token = doubt.token() != null
                && (state == TransactionState.FAILED || connection.getPreferQueryMode() == PreferQueryMode.SIMPLE);
        if (token && READ_ONLY_TRANSACTION.equals(sqlState)) {
            return refused(tokenRefused("the transaction is READ ONLY, which the driver did not know", failure), true);
        }
        if (token && NO_SUCH_STATEMENT.equals(sqlState)) {
            return refused(tokenRefused("the prepared statement that commits was deallocated", failure), true);
        }
        if (token && LEDGER_REFUSES.contains(sqlState)) {
            facts = facts.with(new LedgerStatus.Unusable("pgbaton.tx refused a token: " + firstLine(failure)));
            askedNanos = System.nanoTime();
            shared.seen(facts.ledger(), noXid == null && cluster.config().commitOutcome() == CommitMode.AUTO);
            return refused(tokenRefused("the ledger refused its token", failure), true);
        }
        return refused(failure, false);
    }

    /** Ends the transaction, which is certain not to be committed, whatever becomes of the ROLLBACK. */
    private Refused refused(SQLException failure, boolean ledger) {
        if (connection.getTransactionState() != TransactionState.IDLE) {
            try {
                if (connection.getAutoCommit()) {
                    try (Statement rollback = connection.createStatement()) {
                        rollback.execute("ROLLBACK");
                    }
                } else {
                    connection.rollback();
                }
            } catch (SQLException e) {
                failure.addSuppressed(e);
            }
            if (connection.getTransactionState() != TransactionState.IDLE) {
                session.socket().abort();
            }
        }
        return new Refused(failure, ledger);
    }

    private InDoubt inDoubt(Doubt doubt, SQLException failure) {
        session.socket().abort();
        return new InDoubt(doubt, failure);
    }

    /** No COMMIT was sent, so nothing was committed. */
    private CommitResult notTold(SQLException failure) {
        if (session.socket().aborted() || closed()) {
            return new NotSent();
        }
        String sqlState = String.valueOf(failure.getSQLState());
        if (MAY_NOT_ASK.contains(sqlState)) {
            noXid = "the transaction's id cannot be asked for: " + firstLine(failure);
        } else if (!NO_SUCH_STATEMENT.equals(sqlState)) {
            // It was the transaction that failed, as a serializable one may at any statement.
            return refused(failure, false);
        }
        return refused(tokenRefused("PostgreSQL did not tell the transaction's id", failure), true);
    }

    private Doubt doubt(@Nullable UUID token, boolean readOnly, @Nullable Xid xid) {
        Standing standing = facts.standing();
        return new Doubt(
                token,
                readOnly,
                System.nanoTime(),
                Instant.now(),
                session.address(),
                facts.pid(),
                facts.backendStart(),
                standing.timeline(),
                standing.systemIdentifier(),
                token != null && facts.ledger() instanceof LedgerStatus.Usable usable ? usable.retention() : null,
                xid,
                token == null ? 0 : facts.ledgerOid());
    }

    /** Whether a token might be refused because of the transaction's mode. */
    private boolean mayBeReadOnly() {
        return connection.hintReadOnly() || "on".equals(connection.getParameterStatus("default_transaction_read_only"));
    }

    private boolean closed() {
        try {
            return connection.isClosed();
        } catch (SQLException e) {
            return true;
        }
    }

    /** @return 25P02: the answer to a COMMIT of a transaction that had failed, and was rolled back */
    public static SQLException failedTransaction() {
        return new SQLException(
                "a statement of this transaction had failed, so PostgreSQL would have rolled it back at COMMIT without"
                        + " saying so; it was rolled back, and nothing of it was committed. Roll back when a statement"
                        + " fails, or go back to a savepoint",
                FAILED_TRANSACTION);
    }

    private SQLException ledgerRequired() {
        return new SQLNonTransientException(
                "commitOutcome=ledger, and " + unprotected() + ". The transaction was rolled back", "55000");
    }

    private static SQLException tokenRefused(String what, SQLException failure) {
        return new SQLTransactionRollbackException(
                what + "; the transaction was rolled back, and nothing of it was committed. Run it again ("
                        + firstLine(failure) + ")",
                "40001",
                failure);
    }

    private static String firstLine(SQLException failure) {
        return String.valueOf(failure.getMessage()).lines().findFirst().orElse("");
    }
}
