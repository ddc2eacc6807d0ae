package io.github.pgbaton.internal.replay;

import java.sql.SQLException;
import java.util.Objects;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/**
 * Tells which error PostgreSQL gave, so that the same one can be recognised in a replay: by SQLState and by what in the
 * database it is about, never by its words. Stateless.
 */
public final class Errors {
    private Errors() {}

    /**
     * A message holds values that nobody compared, and may be in another language on another server; a constraint's name is
     * what applications go by when they catch an error.
     *
     * @param failure of a statement or a batch
     * @return its SQLState, with constraint, table and column where it names any
     */
    public static String identity(SQLException failure) {
        String state = Objects.requireNonNullElse(failure.getSQLState(), "");
        ServerErrorMessage said = said(failure);
        if (said == null) {
            return state;
        }
        StringJoiner about = new StringJoiner(", ", " (", ")").setEmptyValue("");
        add(about, "constraint ", said.getConstraint());
        add(about, "table ", said.getTable());
        add(about, "column ", said.getColumn());
        return state + about;
    }

    private static void add(StringJoiner about, String what, @Nullable String name) {
        if (name != null) {
            about.add(what + name);
        }
    }

    private static @Nullable ServerErrorMessage said(SQLException failure) {
        if (failure instanceof PSQLException own) {
            return own.getServerErrorMessage();
        }
        // A batch's failure carries PostgreSQL's.
        return failure.getCause() instanceof PSQLException cause ? cause.getServerErrorMessage() : null;
    }
}
