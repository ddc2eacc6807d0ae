package io.github.pgbaton.internal.sql;

/** Recognises, without allocating, text that is one statement about rows; errs only towards no. */
final class Glance {
    /** Where one of these occurs anywhere, be it in a literal, the text is taken apart. */
    private static final String[] TELLING = {"set_config", "advisory", "temp"};

    private static final String[] ABOUT_ROWS = {
        "select", "insert", "update", "delete", "with", "values", "merge", "table", "explain", "fetch", "lock",
        "analyze"
    };

    private Glance() {}

    static boolean rowsOnly(String sql) {
        int length = sql.length();
        int at = 0;
        while (at < length && (Character.isWhitespace(sql.charAt(at)) || sql.charAt(at) == '(')) {
            at++;
        }
        boolean known = false;
        for (String word : ABOUT_ROWS) {
            if (sql.regionMatches(true, at, word, 0, word.length())) {
                known = true;
                break;
            }
        }
        if (!known) {
            return at == length;
        }
        for (; at < length; at++) {
            char c = sql.charAt(at);
            switch (c) {
                case ';' -> {
                    if (!blank(sql, at + 1)) {
                        return false;
                    }
                }
                case 's', 'S', 'a', 'A', 't', 'T' -> {
                    for (String word : TELLING) {
                        if (sql.regionMatches(true, at, word, 0, word.length())) {
                            return false;
                        }
                    }
                }
                default -> {}
            }
        }
        return true;
    }

    private static boolean blank(String sql, int from) {
        for (int i = from; i < sql.length(); i++) {
            if (!Character.isWhitespace(sql.charAt(i)) && sql.charAt(i) != ';') {
                return false;
            }
        }
        return true;
    }
}
