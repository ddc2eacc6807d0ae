package io.github.pgbaton.internal.sql;

import java.util.ArrayList;
import java.util.List;

/**
 * Splits SQL text into tokens as PostgreSQL does with {@code standard_conforming_strings} on; comments and white space
 * are left out, and text that ends inside a literal or a comment ends there.
 *
 * <p>Serves one text.
 */
final class Lexer {
    private final String sql;
    private final List<Token> tokens = new ArrayList<>();
    private int at;

    private Lexer(String sql) {
        this.sql = sql;
    }

    static List<Token> tokens(String sql) {
        Lexer lexer = new Lexer(sql);
        lexer.run();
        return lexer.tokens;
    }

    private void run() {
        while (at < sql.length()) {
            char c = sql.charAt(at);
            if (Character.isWhitespace(c)) {
                at++;
            } else if (c == '-' && next() == '-') {
                lineComment();
            } else if (c == '/' && next() == '*') {
                blockComment();
            } else if (c == '\'') {
                string(at, at + 1, false);
            } else if ((c == 'e' || c == 'E') && next() == '\'') {
                string(at, at + 2, true);
            } else if (isStringPrefix(c) && next() == '\'') {
                string(at, at + 2, false);
            } else if ((c == 'u' || c == 'U') && next() == '&' && (charAt(at + 2) == '\'' || charAt(at + 2) == '"')) {
                unicode();
            } else if (c == '"') {
                quoted();
            } else if (c == '$') {
                dollar();
            } else if (Character.isLetter(c) || c == '_') {
                take(Token.Kind.WORD, endOfWord(at));
            } else if (Character.isDigit(c)) {
                take(Token.Kind.NUMBER, endOfNumber());
            } else if (c == '?') {
                take(Token.Kind.PARAMETER, at + 1);
            } else {
                take(Token.Kind.SIGN, at + 1);
            }
        }
    }

    private char next() {
        return charAt(at + 1);
    }

    private char charAt(int index) {
        return index < sql.length() ? sql.charAt(index) : 0;
    }

    private static boolean isStringPrefix(char c) {
        return c == 'b' || c == 'B' || c == 'x' || c == 'X' || c == 'n' || c == 'N';
    }

    private void take(Token.Kind kind, int end) {
        tokens.add(new Token(kind, sql.substring(at, end), at, end));
        at = end;
    }

    private int endOfWord(int from) {
        int end = from;
        while (end < sql.length()
                && (Character.isLetterOrDigit(sql.charAt(end)) || "_$".indexOf(sql.charAt(end)) >= 0)) {
            end++;
        }
        return end;
    }

    private int endOfNumber() {
        int end = at;
        while (end < sql.length() && (Character.isLetterOrDigit(sql.charAt(end)) || sql.charAt(end) == '.')) {
            end++;
        }
        return end;
    }

    private void lineComment() {
        while (at < sql.length() && sql.charAt(at) != '\n' && sql.charAt(at) != '\r') {
            at++;
        }
    }

    /** PostgreSQL nests them. */
    private void blockComment() {
        int depth = 0;
        while (at < sql.length()) {
            if (sql.charAt(at) == '/' && next() == '*') {
                depth++;
                at += 2;
            } else if (sql.charAt(at) == '*' && next() == '/') {
                at += 2;
                if (--depth == 0) {
                    return;
                }
            } else {
                at++;
            }
        }
    }

    private void string(int start, int open, boolean backslashes) {
        StringBuilder text = new StringBuilder();
        boolean escaped = false;
        int i = open;
        while (i < sql.length()) {
            char c = sql.charAt(i);
            escaped |= c == '\\' && (backslashes || open > start + 2);
            if (c == '\'') {
                if (charAt(i + 1) != '\'') {
                    break;
                }
                i++;
            } else if (backslashes && c == '\\' && i + 1 < sql.length()) {
                // The escape itself does not matter to anybody here, only that it does not end the literal.
                text.append(c);
                i++;
            }
            text.append(sql.charAt(i++));
        }
        Token.Kind kind = escaped ? Token.Kind.ESCAPED : Token.Kind.STRING;
        tokens.add(new Token(kind, text.toString(), start, Math.min(i + 1, sql.length())));
        at = i + 1;
    }

    private void unicode() {
        int start = at;
        at += 2;
        if (sql.charAt(at) == '\'') {
            string(start, at + 1, false);
        } else {
            quoted();
        }
    }

    private void quoted() {
        int start = at;
        StringBuilder text = new StringBuilder();
        int i = at + 1;
        while (i < sql.length()) {
            char c = sql.charAt(i);
            if (c == '"') {
                if (charAt(i + 1) != '"') {
                    break;
                }
                i++;
            }
            text.append(c);
            i++;
        }
        tokens.add(new Token(Token.Kind.QUOTED, text.toString(), start, Math.min(i + 1, sql.length())));
        at = i + 1;
    }

    /** {@code $1}, {@code $$text$$}, {@code $tag$text$tag$}, or a lone sign. */
    private void dollar() {
        int end = at + 1;
        if (Character.isDigit(charAt(end))) {
            while (Character.isDigit(charAt(end))) {
                end++;
            }
            take(Token.Kind.PARAMETER, end);
            return;
        }
        while (Character.isLetterOrDigit(charAt(end)) || charAt(end) == '_') {
            end++;
        }
        if (charAt(end) != '$') {
            take(Token.Kind.SIGN, at + 1);
            return;
        }
        String tag = sql.substring(at, end + 1);
        int close = sql.indexOf(tag, end + 1);
        int textEnd = close < 0 ? sql.length() : close;
        int after = close < 0 ? sql.length() : close + tag.length();
        tokens.add(new Token(Token.Kind.STRING, sql.substring(end + 1, textEnd), at, after));
        at = after;
    }
}
