package io.github.pgbaton.internal.sql;

import java.util.ArrayList;
import java.util.List;

/**
 * What SQL text does to its session, as far as the text tells; {@link #NONE} itself, and not merely an empty one, for text
 * that does nothing of the kind.
 *
 * <p>Almost all text is a query or a change of rows. That much is told by one pass over its characters, without an
 * allocation; only text that might hold more is taken apart.
 *
 * @param all in the order of the text
 */
public record Effects(List<Effect> all) {
    /** Nothing but rows. */
    public static final Effects NONE = new Effects(List.of());

    public Effects {
        all = List.copyOf(all);
    }

    /**
     * @param sql one or more statements
     * @return what they do
     */
    public static Effects of(String sql) {
        if (Glance.rowsOnly(sql)) {
            return NONE;
        }
        List<Effect> found = new ArrayList<>();
        List<Token> statement = new ArrayList<>();
        for (Token token : Lexer.tokens(sql)) {
            if (token.isSign(';')) {
                new StatementReader(sql, statement).read(found);
                statement.clear();
            } else {
                statement.add(token);
            }
        }
        new StatementReader(sql, statement).read(found);
        return found.isEmpty() ? NONE : new Effects(found);
    }

    /**
     * @param sql one or more statements
     * @return whether it holds more than one
     */
    public static boolean several(String sql) {
        boolean ended = false;
        for (Token token : Lexer.tokens(sql)) {
            if (ended && !token.isSign(';')) {
                return true;
            }
            ended |= token.isSign(';');
        }
        return false;
    }

    /**
     * @param first what was done before
     * @param second what was done after
     * @return both
     */
    public static Effects both(Effects first, Effects second) {
        if (first == NONE || second == NONE) {
            return first == NONE ? second : first;
        }
        List<Effect> joined = new ArrayList<>(first.all);
        joined.addAll(second.all);
        return new Effects(joined);
    }
}
