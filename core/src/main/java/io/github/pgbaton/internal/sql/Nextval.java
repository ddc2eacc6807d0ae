package io.github.pgbaton.internal.sql;

import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Recognises SQL text that draws one value from one sequence and does nothing else; errs only towards no.
 *
 * <p>Almost all text is told by its first words, without an allocation.
 */
public final class Nextval {
    private static final String NAME = "nextval";
    private static final String CATALOG = "pg_catalog";

    /** As regclass reads it; a number would be an oid, which another primary may have given to something else. */
    private static final Pattern QUALIFIED = Pattern.compile(
            "\\s*(\"[^\"]+\"|[\\p{L}_][\\p{L}\\p{N}_$]*)(\\s*\\.\\s*(\"[^\"]+\"|[\\p{L}_][\\p{L}\\p{N}_$]*)){0,2}\\s*");

    private static final Pattern LAST_DRAWN =
            Pattern.compile("(?<![\\p{L}\\p{N}_$])(currval|lastval)(?![\\p{L}\\p{N}_$])", Pattern.CASE_INSENSITIVE);

    private Nextval() {}

    /**
     * @param sql one or more statements
     * @return the name of the sequence, or the parameter that gives it; null for any other text
     */
    public static @Nullable Operand of(String sql) {
        if (!glance(sql)) {
            return null;
        }
        List<Token> tokens = Lexer.tokens(sql);
        int end = tokens.size();
        while (end > 0 && tokens.get(end - 1).isSign(';')) {
            end--;
        }
        tokens = tokens.subList(0, end);
        if (tokens.isEmpty()) {
            return null;
        }
        if (tokens.get(0).is("VALUES")) {
            return end > 2 && tokens.get(1).isSign('(') && tokens.get(end - 1).isSign(')')
                    ? call(tokens.subList(2, end - 1))
                    : null;
        }
        return tokens.get(0).is("SELECT") ? call(withoutAlias(tokens.subList(1, end))) : null;
    }

    /**
     * @param name that a parameter was given
     * @return whether it can be only a name
     */
    public static boolean isName(@Nullable String name) {
        return name != null && QUALIFIED.matcher(name).matches();
    }

    /**
     * @param sql one or more statements
     * @return whether it may ask what the session drew last, be it in a literal
     */
    public static boolean asksLastDrawn(String sql) {
        return LAST_DRAWN.matcher(sql).find();
    }

    private static boolean glance(String sql) {
        int at = afterBlank(sql, 0);
        if (sql.startsWith("/*", at)) {
            int close = sql.indexOf("*/", at);
            at = close < 0 ? sql.length() : afterBlank(sql, close + 2);
        }
        boolean values = sql.regionMatches(true, at, "values", 0, 6);
        if (!values && !sql.regionMatches(true, at, "select", 0, 6)) {
            return false;
        }
        at = afterBlank(sql, at + 6);
        if (values) {
            if (at >= sql.length() || sql.charAt(at) != '(') {
                return false;
            }
            at = afterBlank(sql, at + 1);
        }
        return sql.regionMatches(true, at, NAME, 0, NAME.length())
                || sql.regionMatches(true, at, CATALOG, 0, CATALOG.length());
    }

    private static int afterBlank(String sql, int from) {
        int at = from;
        while (at < sql.length() && Character.isWhitespace(sql.charAt(at))) {
            at++;
        }
        return at;
    }

    /** Without {@code AS}, only a word behind the closing parenthesis and nothing behind it is one. */
    private static List<Token> withoutAlias(List<Token> tokens) {
        int size = tokens.size();
        if (size < 2 || !isName(tokens.get(size - 1))) {
            return tokens;
        }
        if (tokens.get(size - 2).is("AS")) {
            return tokens.subList(0, size - 2);
        }
        return tokens.get(size - 2).isSign(')') ? tokens.subList(0, size - 1) : tokens;
    }

    private static boolean isName(Token token) {
        return token.kind() == Token.Kind.WORD || token.kind() == Token.Kind.QUOTED;
    }

    private static @Nullable Operand call(List<Token> tokens) {
        int at = 0;
        if (tokens.size() > 2 && tokens.get(0).is(CATALOG) && tokens.get(1).isSign('.')) {
            at = 2;
        }
        int last = tokens.size() - 1;
        if (last < at + 3
                || !tokens.get(at).is(NAME)
                || !tokens.get(at + 1).isSign('(')
                || !tokens.get(last).isSign(')')) {
            return null;
        }
        List<Token> argument = tokens.subList(at + 2, last);
        Token first = argument.get(0);
        if (!isCast(argument.subList(1, argument.size()))) {
            return null;
        }
        if (first.kind() == Token.Kind.PARAMETER && first.text().equals("?")) {
            return new Operand.Bound(1);
        }
        // The lexer calls b'1' and U&'x' strings, too; theirs are longer than their text and its quotes.
        boolean plain = first.kind() == Token.Kind.STRING
                && first.end() - first.start() == first.text().length() + 2;
        return plain && isName(first.text()) ? new Operand.Literal(first.text()) : null;
    }

    /** Nothing, or a cast that does not change which sequence it is. */
    private static boolean isCast(List<Token> tokens) {
        if (tokens.isEmpty()) {
            return true;
        }
        boolean qualified =
                tokens.size() == 5 && tokens.get(2).is(CATALOG) && tokens.get(3).isSign('.');
        if (!(tokens.size() == 3 || qualified)
                || !tokens.get(0).isSign(':')
                || !tokens.get(1).isSign(':')) {
            return false;
        }
        Token type = tokens.get(tokens.size() - 1);
        return type.is("regclass") || type.is("text") || type.is("varchar");
    }
}
