package io.github.pgbaton.internal.sql;

import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Finds names in SQL text where they stand as commands or are called as functions; stateless. */
public final class Names {
    private Names() {}

    /**
     * @param sql one or more statements
     * @param wanted asked with names in lower case
     * @return the first word of a statement that is wanted, null where none is
     */
    public static @Nullable String firstCommand(String sql, Predicate<String> wanted) {
        boolean first = true;
        for (Token token : Lexer.tokens(sql)) {
            if (token.isSign(';')) {
                first = true;
            } else if (first && token.kind() == Token.Kind.WORD) {
                if (wanted.test(token.name())) {
                    return token.name();
                }
                first = false;
            } else if (!token.isSign('(') && !token.isSign('{')) {
                first = false;
            }
        }
        return null;
    }

    /**
     * @param sql one or more statements
     * @param wanted asked with names as PostgreSQL folds them
     * @return the first name before an opening parenthesis that is wanted, null where none is
     */
    public static @Nullable String firstCalled(String sql, Predicate<String> wanted) {
        List<Token> tokens = Lexer.tokens(sql);
        for (int i = 0; i + 1 < tokens.size(); i++) {
            Token token = tokens.get(i);
            boolean isName = token.kind() == Token.Kind.WORD || token.kind() == Token.Kind.QUOTED;
            if (isName && tokens.get(i + 1).isSign('(') && wanted.test(token.name())) {
                return token.name();
            }
        }
        return null;
    }

    /**
     * @param sql whose literals may be secrets
     * @param most characters to return
     * @return its words and signs, each literal a question mark
     */
    public static String withoutLiterals(String sql, int most) {
        StringBuilder text = new StringBuilder();
        for (Token token : Lexer.tokens(sql)) {
            String shown = switch (token.kind()) {
                case STRING, ESCAPED, NUMBER, PARAMETER -> "?";
                case QUOTED -> '"' + token.text() + '"';
                case WORD, SIGN -> token.text();
            };
            boolean apart = text.length() > 0
                    && token.kind() != Token.Kind.SIGN
                    && "(.[:".indexOf(text.charAt(text.length() - 1)) < 0;
            text.append(apart ? " " : "").append(shown);
            if (text.length() > most) {
                return text.substring(0, most) + "...";
            }
        }
        return text.toString();
    }
}
