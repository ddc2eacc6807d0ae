package io.github.pgbaton.internal.sql;

import java.util.Locale;

/**
 * One word, literal or sign of SQL text; its text never includes quotes.
 *
 * @param kind what it is
 * @param text as written for {@link Kind#WORD}, unescaped for a literal or a quoted name
 * @param start where it begins in the whole text
 * @param end where it ends, exclusive
 */
record Token(Kind kind, String text, int start, int end) {
    enum Kind {
        /** A keyword or a name without quotes. */
        WORD,
        /** A name in double quotes. */
        QUOTED,
        /** A string literal of whichever spelling. */
        STRING,
        /** A string literal with escapes in it, which nobody here takes apart. */
        ESCAPED,
        NUMBER,
        /** JDBC's question mark, or {@code $n}. */
        PARAMETER,
        /** Any other sign, one character. */
        SIGN
    }

    /** Whether it is this keyword, given in capitals. */
    boolean is(String keyword) {
        return kind == Kind.WORD && text.equalsIgnoreCase(keyword);
    }

    boolean isSign(char sign) {
        return kind == Kind.SIGN && text.charAt(0) == sign;
    }

    /** The name PostgreSQL makes of it: folded to lower case unless quoted. */
    String name() {
        return kind == Kind.WORD ? text.toLowerCase(Locale.ROOT) : text;
    }
}
