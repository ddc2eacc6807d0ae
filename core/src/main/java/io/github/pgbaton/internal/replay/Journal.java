package io.github.pgbaton.internal.replay;

import io.github.pgbaton.internal.outcome.Told;
import io.github.pgbaton.internal.sql.Nextval;
import io.github.pgbaton.replay.ProtectionReport.Reason;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.postgresql.jdbc.PgConnection;

/**
 * The journal of the transaction in progress: its steps in their order, as long as it can be replayed; empty outside a
 * transaction.
 *
 * <p>Bounded in bytes: a transaction past the limit is not replayable, and nothing of it is kept. Not thread-safe: lives on
 * the thread that uses the connection.
 */
public final class Journal {
    /** A list that one large transaction made long is not kept for the small ones after it. */
    private static final int MOST_KEPT = 256;

    private static final Reason OFF = new Reason("replay is off", null);
    /** As a clause: why a transaction cannot be replayed. */
    public static final String UNANSWERED = "a call of it ended without an answer";

    private static final String DISABLED = "the application disabled it";

    private final boolean enabled;
    private final long limit;
    private final OutsideEffects outside;

    private ArrayList<Step> steps = new ArrayList<>();
    private int count;
    private long bytes;
    private long emptied;
    private int replays;
    private int kept;
    private boolean writable;
    private boolean unseen;
    private @Nullable String obstacle;
    private @Nullable String lastingObstacle;
    private boolean disabled;
    private @Nullable String unclear;

    /**
     * @param enabled whether steps are kept at all
     * @param limit bytes for one transaction
     * @param denied names of functions and first words that forbid a replay, besides the built-in ones
     */
    public Journal(boolean enabled, long limit, Set<String> denied) {
        this.enabled = enabled;
        this.limit = limit;
        this.outside = OutsideEffects.besides(denied);
    }

    /** A journal that only counts. */
    public static Journal counting() {
        return new Journal(false, 0, Set.of());
    }

    /** @return whether steps are kept; where not, {@link #count} is all there is to tell it */
    public boolean recording() {
        return enabled && obstacle == null && lastingObstacle == null && !disabled;
    }

    /** @param step about to be sent, inside a transaction or as its first */
    public void record(Step step) {
        count++;
        if (!recording()) {
            return;
        }
        if (unanswered()) {
            deny(UNANSWERED);
            return;
        }
        if (fits(step.bytes())) {
            bytes += step.bytes();
            steps.add(step);
        }
    }

    /**
     * @param more bytes of a step that is not made yet
     * @return whether the journal takes it; where not, the transaction cannot be replayed from now on
     */
    public boolean fits(long more) {
        if (recording() && bytes + more > limit) {
            deny("it is larger than journalLimit");
        }
        return recording();
    }

    /**
     * What is kept has grown: what is past the limit then is not kept any longer.
     *
     * @param more bytes that a step keeps alive, besides those it was recorded with
     */
    public void grow(long more) {
        if (fits(more)) {
            bytes += more;
        }
    }

    /** @return a number that changes whenever nothing is kept any more: what is kept once for many steps is counted once */
    public long emptied() {
        return emptied;
    }

    /** A step is about to be sent and not kept. */
    public void count() {
        count++;
    }

    /** @param why the transaction in progress cannot be replayed, as a clause that goes on after "because" */
    public void deny(String why) {
        if (enabled && obstacle == null) {
            obstacle = why;
            forget();
        }
    }

    /** The application wants the transaction in progress, or else the next one, not to be replayed; until that one ends. */
    public void disable() {
        disabled = true;
        forget();
    }

    /** @return why even the first statement must not be run again, as a clause; null where nothing was said of it */
    public @Nullable String disabled() {
        return disabled ? DISABLED : null;
    }

    /** A statement in autocommit mode has ended, which was a transaction of its own: what was said of that one is done with. */
    public void aloneOver() {
        disabled = false;
    }

    /**
     * A transaction is open, and whether it is still the same one nobody knows.
     *
     * @param why a clause
     */
    public void commitUnclear(String why) {
        unclear = why;
    }

    /** @return whether a text has a backslash in it, behind which a COMMIT may be hidden where it escapes a quote */
    public boolean hidesText() {
        return steps.stream().map(Step::sql).anyMatch(sql -> sql != null && sql.indexOf('\\') >= 0);
    }

    /** @return why nobody may say that nothing was committed, as a clause; null where it can be said */
    public @Nullable String unclear() {
        return unclear;
    }

    /** @param why no transaction of this connection can be replayed from now on, as for {@link #deny} */
    public void denyForGood(String why) {
        unseen = true;
        if (enabled && lastingObstacle == null) {
            lastingObstacle = why;
            forget();
        }
    }

    private void forget() {
        bytes = 0;
        emptied++;
        // The application's statements know their latest step, and must not keep its parameters for it.
        steps.forEach(Step::forget);
        if (steps.size() > MOST_KEPT) {
            steps = new ArrayList<>();
        } else {
            steps.clear();
        }
    }

    /** A transaction that began READ ONLY may be so no longer. */
    public void writable() {
        writable = true;
    }

    /** @return whether a transaction that began READ ONLY may have changed something all the same */
    public boolean mayWrite() {
        return writable || unseen;
    }

    /** @return the number of steps since the transaction began */
    public int steps() {
        return count;
    }

    /** @return the bytes that the steps keep alive, roughly */
    public long bytes() {
        return bytes;
    }

    /** The transaction is over, whichever way. */
    public void clear() {
        disabled = false;
        restart();
    }

    /** The transaction begins again, and what the application said of it counts still. */
    public void restart() {
        if (count == 0 && obstacle == null && !writable) {
            return;
        }
        writable = false;
        unclear = null;
        count = 0;
        replays = 0;
        kept = 0;
        obstacle = null;
        forget();
    }

    /** @return why the transaction cannot be replayed, null where it can */
    public @Nullable Reason obstacle() {
        if (!enabled) {
            return OFF;
        }
        if (lastingObstacle != null) {
            return new Reason(lastingObstacle, null);
        }
        if (disabled) {
            return new Reason(DISABLED, null);
        }
        if (obstacle != null) {
            return new Reason(obstacle, null);
        }
        for (Step step : steps) {
            String sql = step.sql();
            if (sql != null) {
                String effect = outside.of(sql);
                if (effect != null) {
                    return new Reason(effect, OutsideEffects.shape(sql));
                }
            }
        }
        return null;
    }

    /**
     * @param sql one or more statements
     * @return why they must not be run again even where a rollback undid them, as a clause; null where they may
     */
    public @Nullable String outside(String sql) {
        return outside.of(sql);
    }

    /** @return how often this transaction was begun to be replayed, this time included */
    public int replaying() {
        return ++replays;
    }

    /** The session broke at the call of the last step, which is made again: a replay goes as far as to the step before. */
    public void callAgain() {
        if (unanswered()) {
            bytes -= steps.remove(steps.size() - 1).bytes();
            count--;
        }
    }

    /** @return whether the last call ended in a way that tells nothing of it, and nobody makes it again */
    public boolean unanswered() {
        return !steps.isEmpty() && !steps.get(steps.size() - 1).answered();
    }

    /** Whether a replay may keep the value of a sequence, as far as the steps tell; a question to be answered for each replay. */
    public interface Keeping {
        /**
         * @param told of a value that was drawn and seen
         * @return why it cannot be kept, a clause; null where the sequence may be asked
         * @throws SQLException what the session says
         */
        @Nullable
        String obstacle(Told told) throws SQLException;
    }

    /**
     * Before each replay, outside a transaction.
     *
     * @param keeping is asked of every value that the application has seen
     * @throws SQLException what it says
     */
    public void judge(Keeping keeping) throws SQLException {
        boolean asked = false;
        boolean known = false;
        for (Step step : steps) {
            SequenceValue drawn = step.drawn();
            if (drawn == null || !drawn.seen()) {
                continue;
            }
            if (!known) {
                known = true;
                asked = steps.stream().map(Step::sql).anyMatch(sql -> sql != null && Nextval.asksLastDrawn(sql));
            }
            drawn.judged(
                    asked ? "the transaction asks for the value that was drawn last" : keeping.obstacle(drawn.told()));
        }
    }

    /** @return how many values of sequences this transaction has kept through a replay */
    public int kept() {
        return kept;
    }

    /**
     * Does every step again and compares; all of them were answered.
     *
     * @param on a session with the state that the transaction began with
     * @throws ReplayMismatchException where a step does something else than the first time
     * @throws SQLException what the session says
     */
    public void replay(PgConnection on) throws SQLException {
        for (int i = 0; i < steps.size(); i++) {
            Step step = steps.get(i);
            try {
                step.replay(on);
            } catch (ReplayMismatchException e) {
                String sql = step.sql();
                throw new ReplayMismatchException(
                        i + 1, sql == null ? "" : OutsideEffects.shape(sql), String.valueOf(e.getMessage()), e);
            }
        }
    }

    /**
     * @param generation of the session on which {@link #replay} succeeded
     * @throws SQLException PgJDBC's
     */
    public void adopt(long generation) throws SQLException {
        kept = 0;
        for (Step step : steps) {
            step.adopt(generation);
            SequenceValue drawn = step.drawn();
            if (drawn != null && drawn.kept()) {
                kept++;
            }
        }
        abandon();
    }

    /** Closes what a replay made and nobody adopted. */
    public void abandon() {
        steps.forEach(Step::abandon);
    }
}
