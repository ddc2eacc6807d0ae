package io.github.pgbaton.internal.jdbc;

import io.github.pgbaton.internal.outcome.Told;
import io.github.pgbaton.internal.replay.Counts;
import io.github.pgbaton.internal.replay.Errors;
import io.github.pgbaton.internal.replay.Footprint;
import io.github.pgbaton.internal.replay.ReplayMismatchException;
import io.github.pgbaton.internal.replay.Rows;
import io.github.pgbaton.internal.replay.SequenceValue;
import io.github.pgbaton.internal.replay.Step;
import io.github.pgbaton.internal.replay.Warnings;
import java.sql.BatchUpdateException;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGStatement;
import org.postgresql.jdbc.PgConnection;

/**
 * One execution of a statement or a batch, with its parameters as they were sent and what the application saw of its
 * outcome; it holds no result.
 */
final class RunStep implements Step {
    private static final int OBJECT_SIZE = 120;
    private static final int ROWS_SIZE = 64;
    private static final int MOVE_SIZE = 48;
    private static final int DRAWN_SIZE = 128;

    /** JDBC counts -1 both where there are rows and where there is nothing: a result that vanished would pass for one. */
    private static final long NOTHING = -2;

    /** The application asked for the next result of the same execution. */
    private static final class Move {
        final int how;
        final long count;

        @Nullable
        Rows rows;

        Move(int how, long count) {
            this.how = how;
            this.count = count;
        }
    }

    private final BatonStatement owner;
    private final StatementSettings settings;
    private final Run run;
    private final @Nullable String sql;
    private final @Nullable Object wantedKeys;
    private @Nullable BoundRows parameters;
    private List<String> texts;
    private long bytes;
    private boolean forgotten;

    /** From which sequence it draws one value and does nothing else, null where it does anything else. */
    private @Nullable String sequence;

    private @Nullable SequenceValue drawn;
    private boolean answered;
    private @Nullable String error;
    private long count;
    private long batchCounts;
    private @Nullable Rows rows;
    private @Nullable Rows keys;
    private @Nullable List<Move> moves;
    private @Nullable Warnings warnings;

    /**
     * @param owner whose execution it is
     * @param sql null for a prepared statement and for a batch
     * @param wantedKeys as {@link Run#on} takes it; copied, for the application may use its array again
     * @param parameters null for a plain statement
     * @param texts of the batch of a plain statement
     * @param bytes what it keeps alive, {@link #bytesOf} and its parameters and texts
     */
    RunStep(
            BatonStatement owner,
            Run run,
            @Nullable String sql,
            @Nullable Object wantedKeys,
            @Nullable BoundRows parameters,
            List<String> texts,
            long bytes) {
        this.owner = owner;
        this.settings = owner.settings().copy();
        this.run = run;
        this.sql = sql;
        this.wantedKeys = copyOf(wantedKeys);
        this.parameters = parameters;
        this.texts = texts;
        this.bytes = bytes;
    }

    private static @Nullable Object copyOf(@Nullable Object keys) {
        if (keys instanceof int[] indexes) {
            return indexes.clone();
        }
        return keys instanceof String[] names ? names.clone() : keys;
    }

    /** What a step with this text, these columns and nothing else keeps alive, roughly. */
    static long bytesOf(@Nullable String sql, @Nullable Object wantedKeys) {
        return OBJECT_SIZE + Footprint.of(sql) + Footprint.of(wantedKeys);
    }

    private void grow(long more) {
        if (!forgotten) {
            bytes += more;
            owner.session.journal().grow(more);
        }
    }

    @Override
    public void forget() {
        forgotten = true;
        parameters = null;
        texts = List.of();
        moves = null;
    }

    /**
     * @param name of the only sequence from which it draws, null for any other step
     * @return this
     */
    RunStep drawing(@Nullable String name) throws SQLException {
        // With a fetch size of one, PgJDBC asks the server whether there is a second row.
        if (name != null && wantedKeys == null && owner.delegate().getFetchSize() != 1) {
            sequence = name;
        }
        return this;
    }

    // What the application sees.

    void answered(Statement raw) throws SQLException {
        count = outcomeOf(raw);
        answered = true;
        draw();
    }

    /** The update count of the current result, -1 where it has rows, {@link #NOTHING} where there is none. */
    private static long outcomeOf(Statement raw) throws SQLException {
        long count = raw.getLargeUpdateCount();
        return count == -1 && raw.getResultSet() == null ? NOTHING : count;
    }

    /** Right behind the answer: what is opened later may be opened on a server that has crashed meanwhile. */
    private void draw() {
        if (sequence != null && drawn == null) {
            Told told = owner.session.told();
            if (told != null) {
                drawn = new SequenceValue(sequence, told);
                grow(DRAWN_SIZE);
            }
        }
    }

    void answeredBatch(long counts) {
        batchCounts = counts;
        answered = true;
    }

    void failed(SQLException failure) {
        error = Errors.identity(failure);
        batchCounts = countsOf(failure);
        answered = true;
    }

    void moved(int how, Statement raw) throws SQLException {
        grow(MOVE_SIZE);
        if (forgotten) {
            return;
        }
        if (moves == null) {
            moves = new ArrayList<>(2);
        }
        moves.add(new Move(how, outcomeOf(raw)));
    }

    /** @return whether a replay can compare them */
    boolean warned(SQLWarning first) {
        if (warnings == null) {
            warnings = new Warnings();
        }
        return warnings.read(first);
    }

    /**
     * What is seen of the result that is the current one; null once the journal has let go of this step, which then no longer
     * knows one result from the next.
     */
    @Nullable
    Rows rows() {
        if (forgotten) {
            return null;
        }
        if (moves != null) {
            Move last = moves.get(moves.size() - 1);
            if (last.rows == null) {
                last.rows = new Rows();
                grow(ROWS_SIZE);
            }
            return last.rows;
        }
        if (rows == null) {
            if (!answered) {
                // The result of executeQuery() is wrapped before the step counts as answered.
                draw();
            }
            rows = new Rows(drawn);
            grow(ROWS_SIZE);
        }
        return rows;
    }

    /** What is seen of the generated keys; null once the journal has let go of this step. */
    @Nullable
    Rows keys() {
        if (forgotten) {
            return null;
        }
        if (keys == null) {
            keys = new Rows();
            grow(ROWS_SIZE);
        }
        return keys;
    }

    // Both take what there is: making one may pass journalLimit, and the journal clears its steps while it goes over
    // them.

    boolean shows(BatonResultSet result) {
        Rows current = moves == null ? rows : moves.get(moves.size() - 1).rows;
        return current != null && result.shows(current);
    }

    boolean showsKeys(BatonResultSet result) {
        return keys != null && result.shows(keys);
    }

    private static long countsOf(SQLException failure) {
        return failure instanceof BatchUpdateException batch ? Counts.digest(batch.getLargeUpdateCounts()) : 0;
    }

    // What the journal asks.

    @Override
    public long bytes() {
        return bytes;
    }

    @Override
    public boolean answered() {
        return answered;
    }

    @Override
    public @Nullable String sql() {
        if (sql != null) {
            return sql;
        }
        return texts.isEmpty() ? owner.request.text() : String.join(";\n", texts);
    }

    @Override
    public @Nullable SequenceValue drawn() {
        return drawn;
    }

    @Override
    public void replay(PgConnection on) throws SQLException {
        SequenceValue value = drawn;
        if (value == null) {
            Statement raw = owner.replaying(on, settings);
            runAgain(on, raw);
            if (warnings != null) {
                warnings.verify(raw.getWarnings());
            }
            return;
        }
        if (value.keep(on)) {
            // The application keeps the row that it has, and an earlier step's statement must not take its place.
            owner.abandonReplay();
            return;
        }
        try {
            runAgain(on, owner.replaying(on, settings));
        } catch (ReplayMismatchException e) {
            throw value.notKept(e);
        }
    }

    private void runAgain(PgConnection on, Statement raw) throws SQLException {
        // Values are compared as they come over the wire, so they must come in the same format.
        raw.unwrap(PGStatement.class).setPrepareThreshold(inBinary() ? -1 : 0);
        long counts;
        try {
            if (parameters != null) {
                parameters.bind((PreparedStatement) raw);
            } else {
                raw.clearBatch();
                for (String text : texts) {
                    raw.addBatch(text);
                }
            }
            counts = run.on(raw, sql, wantedKeys);
        } catch (SQLException e) {
            if (error == null || on.isClosed()) {
                throw e;
            }
            String now = Errors.identity(e);
            same("SQLState " + error, "SQLState " + now, error.equals(now));
            same("the same counts before it failed", "others", batchCounts == countsOf(e));
            return;
        }
        same("SQLState " + error, "success", error == null);
        same("the same counts for the batch", "others", batchCounts == counts);
        if (run == Run.BATCH || run == Run.LARGE_BATCH) {
            verifyKeys(raw);
            return;
        }
        compare(raw);
    }

    /** What an execution answered, and each result that the application went on to, with what it saw of them. */
    void compare(Statement raw) throws SQLException {
        sameCount(count, raw);
        verify(rows, raw.getResultSet());
        verifyKeys(raw);
        for (Move move : moves == null ? List.<Move>of() : moves) {
            raw.getMoreResults(move.how);
            sameCount(move.count, raw);
            verify(move.rows, raw.getResultSet());
        }
    }

    private boolean inBinary() {
        return isBinary(rows)
                || isBinary(keys)
                || (moves != null && moves.stream().anyMatch(m -> isBinary(m.rows)));
    }

    private static boolean isBinary(@Nullable Rows seen) {
        return seen != null && seen.binary();
    }

    private void verifyKeys(Statement raw) throws SQLException {
        if (keys != null) {
            verify(keys, raw.getGeneratedKeys());
        }
    }

    private static void verify(@Nullable Rows seen, @Nullable ResultSet fresh) throws SQLException {
        if (seen != null && fresh != null) {
            seen.verify(fresh);
        }
    }

    private static void sameCount(long before, Statement raw) throws SQLException {
        long now = outcomeOf(raw);
        same(counted(before), counted(now), before == now);
    }

    private static String counted(long count) {
        if (count == NOTHING) {
            return "no result";
        }
        return count < 0 ? "rows" : "an update count of " + count;
    }

    private static void same(String before, String now, boolean equal) throws ReplayMismatchException {
        if (!equal) {
            throw new ReplayMismatchException("it gave " + now + " and had given " + before);
        }
    }

    @Override
    public void adopt(long generation) throws SQLException {
        owner.adopt(this, generation);
    }

    @Override
    public void abandon() {
        owner.abandonReplay();
    }
}
