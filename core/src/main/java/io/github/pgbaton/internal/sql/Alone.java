package io.github.pgbaton.internal.sql;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * What a text is that is sent by itself, in autocommit mode, told from its words alone; an immutable value. It errs towards
 * {@link Kind#OTHER}, which is never run again.
 *
 * @param kind what it is
 * @param names every word and quoted name of a {@link Kind#QUERY}, as PostgreSQL reads it: what it calls and what it reads is
 *     among them; empty for other kinds
 * @param calls whether a query calls functions that are not plainly harmless
 */
public record Alone(Kind kind, Set<String> names, boolean calls) {

    /** What may be done with it. */
    public enum Kind {
        /** One statement without a word that writes; what it calls may write all the same. */
        QUERY,
        /** One statement that a transaction may hold, and that does not end one. */
        CHANGE,
        /** Anything else. */
        OTHER
    }

    private static final Alone OTHER = new Alone(Kind.OTHER, Set.of(), true);
    private static final Alone CHANGE = new Alone(Kind.CHANGE, Set.of(), true);

    private static final Set<String> QUERIES = Set.of("select", "values", "table", "with", "show");
    private static final Set<String> CHANGES = Set.of("insert", "update", "delete", "merge", "truncate");
    private static final Set<String> DEFINITIONS = Set.of("create", "alter", "drop");

    /** What may be defined inside a transaction: not databases, tablespaces, subscriptions, nor the system's settings. */
    private static final Set<String> DEFINED = Set.of(
            "table",
            "index",
            "unique",
            "view",
            "or",
            "materialized",
            "sequence",
            "schema",
            "type",
            "function",
            "trigger");

    /** SELECT INTO makes a table; a row lock needs the right to update, and takes a transaction id. */
    private static final Set<String> WRITING = Set.of("insert", "update", "delete", "merge", "into", "share");

    /** Before a parenthesis these are no calls, or calls of what is in every database and writes nothing. */
    private static final Set<String> HARMLESS = Set.of(
            ("select from where and or not in exists any all some as on using join values with union except intersect by"
                            + " having when then else case limit offset like ilike between is filter over lateral distinct"
                            + " only row array cast extract count sum avg min max coalesce nullif greatest least lower upper"
                            + " length trim substring abs round now date_trunc to_char numeric varchar char timestamp")
                    .split(" "));

    /** PostgreSQL cuts longer names off, and then it means another function than we read. */
    private static final int LONGEST_NAME = 63;

    /**
     * @param sql one or more statements, of a server with {@code standard_conforming_strings}
     * @return what it is
     */
    public static Alone of(String sql) {
        List<Token> tokens = Lexer.tokens(sql);
        int end = tokens.size();
        while (end > 0 && tokens.get(end - 1).isSign(';')) {
            end--;
        }
        int first = 0;
        while (first < end && tokens.get(first).isSign('(')) {
            first++;
        }
        if (first == end || tokens.get(first).kind() != Token.Kind.WORD) {
            return OTHER;
        }
        boolean concurrently = false;
        boolean writing = false;
        for (Token token : tokens.subList(0, end)) {
            if (token.isSign(';')) {
                return OTHER;
            }
            if (token.kind() == Token.Kind.WORD) {
                concurrently |= token.is("CONCURRENTLY");
                writing |= WRITING.contains(token.name());
            }
        }
        String command = tokens.get(first).name();
        if (QUERIES.contains(command)) {
            return writing ? CHANGE : query(sql, tokens.subList(0, end));
        }
        if (DEFINITIONS.contains(command)) {
            boolean plain =
                    first + 1 < end && DEFINED.contains(tokens.get(first + 1).name());
            return plain && !concurrently ? CHANGE : OTHER;
        }
        return CHANGES.contains(command) ? CHANGE : OTHER;
    }

    private static Alone query(String sql, List<Token> tokens) {
        Set<String> names = new LinkedHashSet<>();
        boolean calls = false;
        int gap = 0;
        for (int i = 0; i < tokens.size(); i++) {
            Token token = tokens.get(i);
            // Where PostgreSQL sees letters and we see none, we read other names than it does.
            if (!isAscii(sql, gap, token.start())) {
                return CHANGE;
            }
            switch (token.kind()) {
                case WORD, QUOTED -> {
                    if (sql.charAt(Math.max(token.start() - 1, gap)) == '&') {
                        // U&"...": its escapes stand for other letters.
                        return CHANGE;
                    }
                    if (token.text().getBytes(StandardCharsets.UTF_8).length > LONGEST_NAME) {
                        return CHANGE;
                    }
                    // Letters beyond ASCII are folded by some servers only.
                    names.add(token.text());
                    names.add(token.text().toLowerCase(Locale.ROOT));
                    boolean called = i + 1 < tokens.size() && tokens.get(i + 1).isSign('(');
                    calls |= called && !HARMLESS.contains(token.name());
                }
                case SIGN -> {
                    boolean escape = token.isSign('{') || token.isSign('}');
                    if (escape || !isAscii(sql, token.start(), token.end())) {
                        return CHANGE;
                    }
                }
                default -> {}
            }
            gap = token.end();
        }
        return new Alone(Kind.QUERY, Set.copyOf(names), calls);
    }

    private static boolean isAscii(String sql, int from, int to) {
        for (int i = from; i < to; i++) {
            if (sql.charAt(i) > 127) {
                return false;
            }
        }
        return true;
    }
}
