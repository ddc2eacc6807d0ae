package io.github.pgbaton.internal.replay;

import io.github.pgbaton.internal.outcome.Told;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;
import org.postgresql.jdbc.PgConnection;

/**
 * The value that one statement drew from one sequence; a replay keeps it instead of drawing another one, and only where no
 * other transaction can have been given it, nor ever will be.
 *
 * <p>PostgreSQL logs an ascending sequence's position before it gives out values up to there. A primary that has all the WAL
 * of then begins behind the value, and so gives it to nobody, as long as the sequence is not set back. Not thread-safe.
 */
public final class SequenceValue {
    /**
     * Why the value cannot be kept, null where it can; 1574 is nextval, 1575 currval and 2559 lastval in every PostgreSQL.
     * What the session drew last is another value after a replay, or none. Of functions, defaults and their like nobody knows
     * whether the transaction runs them.
     */
    private static final String QUESTION = "SELECT CASE WHEN s.seqrelid IS NULL THEN 'it is gone'"
            + " WHEN c.relpersistence <> 'p' THEN 'it is not replicated'"
            + " WHEN s.seqincrement < 0 OR s.seqcycle THEN 'it descends or cycles'"
            + " WHEN NOT pg_catalog.has_sequence_privilege(c.oid, 'USAGE, SELECT')"
            + " THEN 'the role may not ask for its last value'"
            + " WHEN coalesce(pg_catalog.pg_sequence_last_value(c.oid) < ?, true) THEN 'it has not come that far'"
            + " WHEN EXISTS (SELECT FROM pg_catalog.pg_proc WHERE proname = 'nextval' AND oid <> 1574)"
            + " THEN 'there is another function of that name'"
            + " WHEN EXISTS (SELECT FROM pg_catalog.pg_proc WHERE oid >= 16384 AND (prosrc ~* '\\m(curr|last)val\\M'%s))"
            + " OR EXISTS (SELECT FROM pg_catalog.pg_attrdef WHERE adbin::pg_catalog.text ~ ':funcid (1575|2559) ')"
            + " OR EXISTS (SELECT FROM pg_catalog.pg_rewrite WHERE ev_class >= 16384"
            + " AND ev_action::pg_catalog.text ~ ':funcid (1575|2559) ')"
            + " OR EXISTS (SELECT FROM pg_catalog.pg_constraint WHERE conbin::pg_catalog.text ~ ':funcid (1575|2559) ')"
            + " OR EXISTS (SELECT FROM pg_catalog.pg_policy"
            + " WHERE pg_catalog.concat(polqual, polwithcheck) ~ ':funcid (1575|2559) ')"
            + " OR EXISTS (SELECT FROM pg_catalog.pg_trigger WHERE tgqual::pg_catalog.text ~ ':funcid (1575|2559) ')"
            + " THEN 'the database has a function, default, rule, constraint, policy or trigger that asks for the value that was drawn last' END"
            + " FROM (SELECT pg_catalog.to_regclass(?::pg_catalog.text)::pg_catalog.oid AS oid) AS named"
            + " LEFT JOIN pg_catalog.pg_class c ON c.oid = named.oid"
            + " LEFT JOIN pg_catalog.pg_sequence s ON s.seqrelid = c.oid";

    /** Functions whose body is not text are newer than this. */
    private static final int BODIES = 140000;

    private static final String AND_BODIES = " OR prosqlbody::pg_catalog.text ~ ':funcid (1575|2559) '";

    private final String sequence;
    private final Told told;
    private boolean seen;
    private long value;
    private String obstacle = "";
    private boolean kept;

    /**
     * @param sequence its name, as regclass reads it
     * @param told of the answer
     */
    public SequenceValue(String sequence, Told told) {
        this.sequence = sequence;
        this.told = told;
    }

    void seen(long drawn) {
        seen = true;
        value = drawn;
    }

    /** @return of the answer with the value */
    public Told told() {
        return told;
    }

    /** @return whether the application has seen it; any other value will do where it has not */
    public boolean seen() {
        return seen;
    }

    /** @param why it cannot be kept in the replay that begins, a clause; null where that may be asked of the sequence */
    public void judged(@Nullable String why) {
        obstacle = why == null ? "" : why;
        kept = false;
    }

    /**
     * @param on a session on which all earlier steps were replayed
     * @return whether the value is kept
     * @throws SQLException PgJDBC's
     */
    public boolean keep(PgConnection on) throws SQLException {
        if (!seen || !obstacle.isEmpty()) {
            return false;
        }
        String question = QUESTION.formatted(on.haveMinimumServerVersion(BODIES) ? AND_BODIES : "");
        try (PreparedStatement statement = on.prepareStatement(question)) {
            statement.setLong(1, value);
            statement.setString(2, sequence);
            try (ResultSet row = statement.executeQuery()) {
                row.next();
                String why = row.getString(1);
                obstacle = why == null ? "" : why;
                kept = why == null;
                return kept;
            }
        }
    }

    boolean kept() {
        return kept;
    }

    /** @return the mismatch of a step that drew another value, with why the first one was not kept */
    public ReplayMismatchException notKept(ReplayMismatchException mismatch) {
        return obstacle.isEmpty()
                ? mismatch
                : new ReplayMismatchException(
                        mismatch.getMessage() + "; the value of the sequence was not kept, because " + obstacle);
    }
}
