package io.github.pgbaton.internal.jdbc;

import io.github.pgbaton.internal.replay.Counts;
import io.github.pgbaton.internal.replay.Footprint;
import io.github.pgbaton.internal.replay.Journal;
import io.github.pgbaton.internal.session.LogicalSession.CallKind;
import io.github.pgbaton.internal.sql.Effects;
import io.github.pgbaton.internal.sql.Nextval;
import io.github.pgbaton.internal.sql.Operand;
import java.sql.BatchUpdateException;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.Statement;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.PSQLException;

/**
 * The statement an application holds: what it ran last in a transaction is in the journal before it is sent, and the results
 * it gave are ours.
 */
class BatonStatement extends FollowingStatement {
    private static final String QUERY_CANCELED = "57014";

    /** What one of these keeps alive with PgJDBC's, roughly, besides its text. */
    private static final int OWN_SIZE = 640;

    private Effects effects = Effects.NONE;
    /** The latest execution, where the journal of its transaction has it. */
    private @Nullable RunStep step;

    /** When the journal last counted what this keeps alive, by {@link Journal#emptied}. */
    private long countedIn = -1;

    private @Nullable BatonResultSet result;
    private @Nullable BatonResultSet keys;

    /** Whether the execution under way is in a transaction of the driver's own; and what the application's fetch size is. */
    private boolean wrapped;

    private int fetchSize;
    /** Whether the execution under way has come to the COMMIT of the driver's own. */
    private boolean committing;

    /** @param made by the request, on the session of now */
    BatonStatement(BatonConnection connection, StatementRequest request, Statement made) {
        super(connection, request, made);
    }

    @Override
    void recover(SQLException failure) throws SQLException {
        session.recover(failure, CallKind.CATALOG, null);
    }

    @Override
    void recover(SQLException failure, String sql) throws SQLException {
        recoverExecution(failure, sql, false);
    }

    /**
     * Returns when the statement may be run again; an error that the application gets is part of what it has seen.
     *
     * @param apart whether its statements may have been sent one by one, each to be committed by itself in autocommit mode
     */
    final void recoverExecution(SQLException failure, String text, boolean apart) throws SQLException {
        try {
            unwrapped();
            session.recover(failure, CallKind.EXECUTE, text, this);
            again();
        } catch (SQLException thrown) {
            failed(failure);
            if (effects != Effects.NONE) {
                session.failed(effects, this::boundText, apart);
            }
            throw thrown;
        }
    }

    private void failed(SQLException failure) {
        RunStep now = step;
        if (now != null && !now.answered()) {
            now.failed(failure);
            if (QUERY_CANCELED.equals(failure.getSQLState())) {
                session.journal().deny("a statement of it was cancelled or timed out");
            }
        }
    }

    @Override
    Statement sending(String sql, Run run, @Nullable Object keys) throws SQLException {
        running(Effects.of(sql));
        attach();
        checkLastDrawn(sql);
        closeSuperseded();
        if (mayKeep()) {
            long bytes = RunStep.bytesOf(sql, keys);
            if (fits(bytes)) {
                record(new RunStep(this, run, sql, keys, null, List.of(), bytes).drawing(name(Nextval.of(sql))));
            }
        }
        if (session.wraps()) {
            wrap(List.of(sql));
        }
        return delegate();
    }

    /** The last thing before a statement is sent in autocommit mode, where the session may have to wrap it. */
    final void wrap(List<String> texts) throws SQLException {
        if (effects != Effects.NONE || request.obstacle() != null) {
            return;
        }
        Statement raw = delegate();
        int wanted = raw.getFetchSize();
        if (session.wrap(texts)) {
            wrapped = true;
            fetchSize = wanted;
            if (wanted != 0) {
                // As in autocommit mode: all rows at once, for a cursor ends with its transaction.
                raw.setFetchSize(0);
            }
        }
    }

    private void unwrapped() {
        if (wrapped && fetchSize != 0) {
            try {
                delegate().setFetchSize(fetchSize);
            } catch (SQLException e) {
                // It was closed meanwhile, and has no next execution.
            }
        }
        wrapped = false;
    }

    /** The name of a sequence, null where it is not plain. */
    final @Nullable String name(@Nullable Operand sequence) {
        if (sequence instanceof Operand.Literal literal) {
            return literal.value();
        }
        String bound = sequence instanceof Operand.Bound parameter ? boundText(parameter.index()) : null;
        return Nextval.isName(bound) ? bound : null;
    }

    /**
     * The value of a sequence that was kept through a replay was not drawn on the session of now: {@code currval} would tell
     * of another one.
     */
    final void checkLastDrawn(String text) throws SQLException {
        if (session.journal().kept() > 0 && Nextval.asksLastDrawn(text)) {
            session.lose("it asks for the value that a sequence gave last, and that one was kept through a replay");
        }
    }

    /**
     * Whether the journal wants the step at all, for measuring one means to look at each value; it counts one that it does
     * not want.
     */
    final boolean mayKeep() throws SQLException {
        step = null;
        if (effects != Effects.NONE) {
            session.sending(effects);
        }
        if (session.getAutoCommit()) {
            return false;
        }
        Journal journal = session.journal();
        if (!journal.recording()) {
            journal.count();
            return false;
        }
        String obstacle = request.obstacle();
        if (obstacle != null) {
            journal.deny(obstacle);
            journal.count();
            return false;
        }
        return true;
    }

    /** Whether the journal takes a step of that size; it counts one that it does not take. */
    final boolean fits(long bytes) {
        Journal journal = session.journal();
        if (journal.fits(bytes)) {
            return true;
        }
        journal.count();
        return false;
    }

    final void record(RunStep now) {
        step = now;
        Journal journal = session.journal();
        journal.record(now);
        if (countedIn != journal.emptied()) {
            countedIn = journal.emptied();
            // Each step leads here, though the application may have closed this statement long since.
            journal.grow(OWN_SIZE + Footprint.of(request.text()));
        }
    }

    /** What the text does beyond rows matters before it is sent, and again once it succeeded. */
    final void running(Effects now) throws SQLException {
        begin();
        committing = false;
        effects = now;
        if (now != Effects.NONE) {
            session.running(now);
        }
    }

    @Override
    final void ran() throws SQLException {
        if (wrapped) {
            unwrapped();
            committing = true;
            // It waits for the synchronous standby by itself, and does nothing but rows.
            session.commitWrapped();
            return;
        }
        RunStep now = step;
        if (now != null && !now.answered()) {
            now.answered(delegate());
        }
        if (effects != Effects.NONE) {
            session.ran(effects, this::boundText);
        }
        boolean alone = session.getAutoCommit();
        if (alone) {
            session.journal().aloneOver();
        }
        if (alone || effects != Effects.NONE) {
            SQLWarning warning = delegate().getWarnings();
            if (warning != null) {
                session.acknowledged(warning);
            }
        }
    }

    /** The value of a parameter as text, null where there is none or it is not simply text. */
    @Nullable
    String boundText(int index) {
        return null;
    }

    @Override
    public final int[] executeBatch() throws SQLException {
        for (; ; ) {
            Statement target = sendingBatch(Run.BATCH);
            try {
                int[] counts = target.executeBatch();
                if (step != null) {
                    step.answeredBatch(Counts.digest(counts));
                }
                ran();
                forgetBatch();
                return counts;
            } catch (SQLException failure) {
                recoverBatch(failure);
            }
        }
    }

    @Override
    public final long[] executeLargeBatch() throws SQLException {
        for (; ; ) {
            Statement target = sendingBatch(Run.LARGE_BATCH);
            try {
                long[] counts = target.executeLargeBatch();
                if (step != null) {
                    step.answeredBatch(Counts.digest(counts));
                }
                ran();
                forgetBatch();
                return counts;
            } catch (SQLException failure) {
                recoverBatch(failure);
            }
        }
    }

    private Statement sendingBatch(Run run) throws SQLException {
        try {
            running(batchEffects());
            attach();
            checkLastDrawn(wholeBatchText());
            closeSuperseded();
            checkBatch();
        } catch (SQLException notSent) {
            // As after a batch that failed: whoever adds its rows again must not find the old ones before them.
            forgetBatch();
            spoil();
            throw notSent;
        }
        step = null;
        if (batchSize() > 0 && mayKeep()) {
            long bytes = batchBytes();
            if (fits(bytes)) {
                record(batchStep(run, bytes));
            }
        }
        if (session.wraps() && batchSize() > 0) {
            wrap(batchTexts());
        }
        return delegate();
    }

    private void recoverBatch(SQLException failure) throws SQLException {
        try {
            recoverExecution(failure, wholeBatchText(), batchSize() > 1 || sentApart());
        } catch (SQLException thrown) {
            SQLException told = ofBatch(thrown);
            // As PgJDBC does: a batch that failed is gone.
            forgetBatch();
            throw told;
        }
        // PgJDBC emptied the delegate's batch before it sent it: even on the same session, running again takes a new
        // one.
        spoil();
    }

    /**
     * What the server refused at the driver's own COMMIT it refuses, without one, at the end of the batch, and PgJDBC
     * tells so of each of its rows: a deferred constraint.
     */
    private SQLException ofBatch(SQLException thrown) {
        if (!committing || !(thrown instanceof PSQLException said) || said.getServerErrorMessage() == null) {
            return thrown;
        }
        long[] counts = new long[batchSize()];
        Arrays.fill(counts, EXECUTE_FAILED);
        SQLException whole = new BatchUpdateException(
                "the batch was aborted at its end: " + thrown.getMessage(), thrown.getSQLState(), 0, counts, thrown);
        whole.setNextException(thrown);
        return whole;
    }

    /** @throws SQLException when the batch could not be made anew */
    void checkBatch() throws SQLException {}

    /** Whether PgJDBC sends the statements of one text one by one, each to be committed by itself in autocommit mode. */
    boolean sentApart() {
        return false;
    }

    int batchSize() {
        return settings().batchSize();
    }

    /** The bytes that {@link #batchStep} keeps alive, roughly. */
    long batchBytes() {
        return RunStep.bytesOf(null, null) + settings().batchBytes();
    }

    RunStep batchStep(Run run, long bytes) {
        return new RunStep(this, run, null, null, null, settings().texts(), bytes);
    }

    /** Every text of the batch: any of them may have ended the transaction. */
    String wholeBatchText() {
        return settings().wholeBatchText();
    }

    Effects batchEffects() {
        return settings().batchEffects();
    }

    /** Each text of the batch by itself. */
    List<String> batchTexts() {
        return settings().texts();
    }

    void forgetBatch() {
        settings().clearBatch();
    }

    @Override
    @Nullable
    ResultSet wrapped(@Nullable ResultSet raw) {
        BatonResultSet known = result;
        if (known == null || !known.wraps(raw)) {
            known = raw == null ? null : new BatonResultSet(session, this, raw, step == null ? null : step.rows());
            result = known;
        }
        return known;
    }

    @Override
    public final @Nullable ResultSet getResultSet() throws SQLException {
        return wrapped(delegate().getResultSet());
    }

    @Override
    public final @Nullable ResultSet getGeneratedKeys() throws SQLException {
        ResultSet raw = delegate().getGeneratedKeys();
        BatonResultSet known = keys;
        if (known == null || !known.wraps(raw)) {
            known = raw == null ? null : new BatonResultSet(session, this, raw, step == null ? null : step.keys());
            keys = known;
        }
        return known;
    }

    /** What is read of them must come again in a replay. */
    @Override
    public final @Nullable SQLWarning getWarnings() throws SQLException {
        SQLWarning first = delegate().getWarnings();
        RunStep now = step;
        if (first != null && now != null && !now.warned(first)) {
            session.journal().deny("the warnings of a statement of it were cleared between two looks at them");
        }
        return first;
    }

    @Override
    public final boolean getMoreResults() throws SQLException {
        boolean more = delegate().getMoreResults();
        if (step != null) {
            step.moved(CLOSE_CURRENT_RESULT, delegate());
        }
        return more;
    }

    @Override
    public final boolean getMoreResults(int current) throws SQLException {
        boolean more = delegate().getMoreResults(current);
        if (step != null) {
            if (current == KEEP_CURRENT_RESULT) {
                session.journal().deny("it keeps several results of one statement open");
            }
            step.moved(current, delegate());
        }
        return more;
    }

    // The replay of a transaction.

    /** Goes on with what a replay made, where this step is what the application last did with this statement. */
    final void adopt(RunStep replayed, long now) throws SQLException {
        Statement made = step == replayed ? takeReplayed() : null;
        if (made == null) {
            return;
        }
        BatonResultSet shown = result;
        if (shown != null && replayed.shows(shown)) {
            shown.adopt(made.getResultSet(), now);
        }
        BatonResultSet shownKeys = keys;
        if (shownKeys != null && replayed.showsKeys(shownKeys)) {
            shownKeys.adopt(made.getGeneratedKeys(), now);
        }
        takeOver(made, now);
    }

    @Override
    void forgetResults() {
        result = null;
        keys = null;
    }

    /** Whether the journal of a transaction may keep this alive beyond its end. */
    final boolean recorded() {
        return step != null;
    }
}
