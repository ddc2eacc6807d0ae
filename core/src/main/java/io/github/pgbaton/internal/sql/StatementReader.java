package io.github.pgbaton.internal.sql;

import io.github.pgbaton.internal.sql.Effect.Holding;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * Tells what one statement does to its session; a statement it cannot read has no effect, so that nothing is restored by
 * guess.
 *
 * <p>Serves one statement.
 */
final class StatementReader {
    /** What {@code SET TRANSACTION READ ONLY} sets; it ends with the transaction. */
    private static final String READ_ONLY = "transaction_read_only";

    /** Likewise, whatever word sets them: given to a session outside a transaction, they are nothing or an error. */
    private static final Set<String> OF_THE_TRANSACTION = Set.of("transaction_isolation", "transaction_deferrable");

    private static final String CHARACTERISTICS = "SET SESSION CHARACTERISTICS AS TRANSACTION ";
    /** Behind those five words. */
    private static final int CHARACTERISTICS_MODES = 5;

    private final String sql;
    private final List<Token> tokens;

    /**
     * @param sql the whole text
     * @param tokens of one statement in it
     */
    StatementReader(String sql, List<Token> tokens) {
        this.sql = sql;
        this.tokens = tokens;
    }

    void read(List<Effect> found) {
        if (tokens.isEmpty()) {
            return;
        }
        switch (keyword(0)) {
            case "SET" -> set(found);
            case "RESET" -> reset(found);
            case "DISCARD" -> discard(found);
            case "LISTEN" -> found.add(new Effect.Listen(name(1), text()));
            case "UNLISTEN" -> found.add(new Effect.Unlisten(name(1)));
            case "CREATE" -> create(found);
            case "DROP" -> drop(found);
            case "DECLARE" -> declare(found);
            case "CLOSE" -> found.add(gone(Holding.CURSOR, is(1, "ALL") ? "*" : name(1)));
            case "DEALLOCATE" -> {
                int at = is(1, "PREPARE") && tokens.size() > 2 ? 2 : 1;
                found.add(gone(Holding.PREPARED_STATEMENT, is(at, "ALL") ? "*" : name(at)));
            }
            case "LOAD" -> found.add(made(Holding.LIBRARY, name(1)));
            case "PREPARE" ->
                found.add(
                        is(1, "TRANSACTION")
                                ? new Effect.Opaque("PREPARE TRANSACTION")
                                : made(Holding.PREPARED_STATEMENT, name(1)));
            case "BEGIN", "START" -> found.add(new Effect.Begin());
            case "COMMIT", "END" ->
                found.add(is(1, "PREPARED") ? new Effect.Opaque("COMMIT PREPARED") : new Effect.Commit(chain()));
            case "ABORT" -> found.add(new Effect.Rollback(chain()));
            case "ROLLBACK" -> rollback(found);
            case "SAVEPOINT" -> found.add(new Effect.Savepoint(name(1)));
            case "RELEASE" -> found.add(new Effect.Release(name(is(1, "SAVEPOINT") && tokens.size() > 2 ? 2 : 1)));
            case "CALL" -> {
                found.add(new Effect.Opaque("CALL"));
                functions(found);
            }
            case "DO" -> found.add(new Effect.Opaque("DO"));
            default -> {
                intoTemporary(found);
                functions(found);
            }
        }
    }

    private void set(List<Effect> found) {
        int at = is(1, "SESSION") || is(1, "LOCAL") ? 2 : 1;
        boolean local = is(1, "LOCAL");
        if (is(1, "SESSION") && is(2, "AUTHORIZATION")) {
            authorization(found, 3, false);
            return;
        }
        if (is(at, "SESSION") && is(at + 1, "AUTHORIZATION")) {
            authorization(found, at + 2, local);
            return;
        }
        if (isName(at, READ_ONLY) || (is(at, "TRANSACTION") && holds("READ", "WRITE"))) {
            found.add(new Effect.Writable());
            return;
        }
        if (is(at, "TRANSACTION") || is(at, "CONSTRAINTS")) {
            return;
        }
        if (is(1, "SESSION") && is(2, "CHARACTERISTICS")) {
            characteristics(found);
            return;
        }
        if (local) {
            return;
        }
        String name;
        int value;
        if (is(at, "TIME") && is(at + 1, "ZONE")) {
            name = "timezone";
            value = at + 2;
        } else if (is(at, "NAMES")) {
            name = "client_encoding";
            value = at + 1;
        } else if (is(at, "SCHEMA")) {
            name = "search_path";
            value = at + 1;
        } else if (is(at, "ROLE")) {
            name = "role";
            value = at + 1;
        } else if (is(at, "XML")) {
            name = "xmloption";
            value = at + 2;
        } else {
            int end = at;
            StringBuilder dotted = new StringBuilder();
            while (end < tokens.size() && !sign(end, '=') && !is(end, "TO")) {
                dotted.append(name(end++));
            }
            name = dotted.toString().toLowerCase(Locale.ROOT);
            value = end + 1;
        }
        if (value >= tokens.size() || OF_THE_TRANSACTION.contains(name)) {
            return;
        }
        boolean cleared = is(value, "DEFAULT") || (name.equals("timezone") && is(value, "LOCAL"));
        // SET ROLE NONE is none of these: a role may be the default.
        found.add(cleared ? new Effect.Reset(name) : new Effect.Set(name, text()));
    }

    /** Each mode is a setting of its own, which the next statement about another one must not push aside. */
    private void characteristics(List<Effect> found) {
        int at = CHARACTERISTICS_MODES;
        while (at < tokens.size()) {
            if (sign(at, ',')) {
                at++;
                continue;
            }
            String name;
            int end;
            if (is(at, "ISOLATION")) {
                name = "default_transaction_isolation";
                end = at + (is(at + 2, "SERIALIZABLE") ? 3 : 4);
            } else if (is(at, "READ")) {
                name = "default_transaction_read_only";
                end = at + 2;
            } else {
                name = "default_transaction_deferrable";
                end = at + (is(at, "NOT") ? 2 : 1);
            }
            if (end > tokens.size()) {
                return;
            }
            found.add(new Effect.Set(name, CHARACTERISTICS + text(at, end)));
            at = end;
        }
    }

    private void authorization(List<Effect> found, int value, boolean local) {
        if (!local) {
            // Whoever one is now has not set a role yet.
            found.add(new Effect.Reset("role"));
            found.add(
                    is(value, "DEFAULT")
                            ? new Effect.Reset("session_authorization")
                            : new Effect.Set("session_authorization", text()));
        }
    }

    private void reset(List<Effect> found) {
        if (is(1, "SESSION") && is(2, "AUTHORIZATION")) {
            found.add(new Effect.Reset("role"));
            found.add(new Effect.Reset("session_authorization"));
        } else if (is(1, "TIME") && is(2, "ZONE")) {
            found.add(new Effect.Reset("timezone"));
        } else {
            StringBuilder dotted = new StringBuilder();
            tokens.stream().skip(1).forEach(token -> dotted.append(token.name()));
            String name = dotted.toString().toLowerCase(Locale.ROOT);
            if (!is(1, "TRANSACTION") && !OF_THE_TRANSACTION.contains(name)) {
                found.add(name.equals(READ_ONLY) ? new Effect.Writable() : new Effect.Reset(name));
            }
        }
    }

    private void discard(List<Effect> found) {
        if (is(1, "ALL")) {
            found.add(new Effect.Discarded());
        } else if (is(1, "TEMP") || is(1, "TEMPORARY")) {
            found.add(gone(Holding.TEMPORARY_TABLE, "*"));
            found.add(gone(Holding.TEMPORARY_OBJECT, "*"));
        }
    }

    private void create(List<Effect> found) {
        int at = 1;
        if (is(at, "OR") && is(at + 1, "REPLACE")) {
            at += 2;
        }
        if (is(at, "LOCAL") || is(at, "GLOBAL")) {
            at++;
        }
        boolean temporary = is(at, "TEMP") || is(at, "TEMPORARY");
        if (temporary || is(at, "UNLOGGED") || is(at, "RECURSIVE")) {
            at++;
        }
        if (is(at, "RECURSIVE")) {
            at++;
        }
        if (!is(at, "TABLE") && !is(at, "VIEW") && !is(at, "SEQUENCE")) {
            temporaryObject(found);
            functions(found);
            return;
        }
        at++;
        if (is(at, "IF") && is(at + 1, "NOT") && is(at + 2, "EXISTS")) {
            at += 3;
        }
        if ((temporary || inTemporarySchema(at)) && !holds("ON", "COMMIT", "DROP")) {
            found.add(made(Holding.TEMPORARY_TABLE, relation(at)));
        }
        functions(found);
    }

    /** Made by name in the session's own schema; what it is on, or made of, is not its name. */
    private void temporaryObject(List<Effect> found) {
        for (int i = 1; i < tokens.size() && !sign(i, '(') && !is(i, "AS") && !is(i, "ON"); i++) {
            if (inTemporarySchema(i)) {
                found.add(made(Holding.TEMPORARY_OBJECT, name(i + 2)));
                return;
            }
        }
    }

    private boolean inTemporarySchema(int at) {
        String schema = name(at);
        return schema.startsWith("pg_temp") && schema.matches("pg_temp(_[0-9]+)?") && sign(at + 1, '.');
    }

    /** In this order, anywhere: {@code ON COMMIT DROP} may be followed by a tablespace or a query. */
    private boolean holds(String... words) {
        for (int i = 0; i + words.length <= tokens.size(); i++) {
            boolean all = true;
            for (int j = 0; j < words.length; j++) {
                all &= is(i + j, words[j]);
            }
            if (all) {
                return true;
            }
        }
        return false;
    }

    /** The last part of a name that may be qualified. */
    private String relation(int at) {
        int last = at;
        while (sign(last + 1, '.')) {
            last += 2;
        }
        return name(last);
    }

    private void drop(List<Effect> found) {
        if (!is(1, "TABLE") && !is(1, "VIEW") && !is(1, "SEQUENCE")) {
            return;
        }
        int at = is(2, "IF") && is(3, "EXISTS") ? 4 : 2;
        while (at < tokens.size()) {
            // A permanent one of the same name is another one.
            if (!sign(at + 1, '.') || inTemporarySchema(at)) {
                found.add(gone(Holding.TEMPORARY_TABLE, relation(at)));
            }
            while (at < tokens.size() && !sign(at, ',')) {
                at++;
            }
            at++;
        }
    }

    private void declare(List<Effect> found) {
        for (int i = 2; i + 1 < tokens.size(); i++) {
            if (is(i, "FOR")) {
                return;
            }
            if (is(i, "WITH") && is(i + 1, "HOLD")) {
                found.add(made(Holding.CURSOR, name(1)));
                return;
            }
        }
    }

    private void rollback(List<Effect> found) {
        int at = is(1, "WORK") || is(1, "TRANSACTION") ? 2 : 1;
        if (is(at, "TO")) {
            found.add(new Effect.RollbackTo(name(is(at + 1, "SAVEPOINT") && tokens.size() > at + 2 ? at + 2 : at + 1)));
        } else if (is(at, "PREPARED")) {
            found.add(new Effect.Opaque("ROLLBACK PREPARED"));
        } else {
            found.add(new Effect.Rollback(chain()));
        }
    }

    private boolean chain() {
        int last = tokens.size() - 1;
        return last >= 2 && is(last, "CHAIN") && !is(last - 1, "NO");
    }

    /** {@code SELECT ... INTO TEMP name} or {@code INTO pg_temp.name}; into what is there rows are inserted or merged. */
    private void intoTemporary(List<Effect> found) {
        for (int i = 1; i + 2 < tokens.size(); i++) {
            if (!is(i, "INTO") || is(i - 1, "INSERT") || is(i - 1, "MERGE")) {
                continue;
            }
            boolean temporary = is(i + 1, "TEMP") || is(i + 1, "TEMPORARY");
            int at = temporary ? i + 2 : i + 1;
            if (is(at, "TABLE")) {
                at++;
            }
            if (temporary || inTemporarySchema(at)) {
                found.add(made(Holding.TEMPORARY_TABLE, relation(at)));
                return;
            }
        }
    }

    /** Calls of functions that change the session; parameters are counted, for JDBC has no numbers for its question marks. */
    private void functions(List<Effect> found) {
        int parameter = 0;
        for (int i = 0; i < tokens.size(); i++) {
            Token token = tokens.get(i);
            if (token.kind() == Token.Kind.PARAMETER) {
                parameter++;
            }
            if ((token.kind() == Token.Kind.WORD || token.kind() == Token.Kind.QUOTED) && sign(i + 1, '(')) {
                call(found, token.name(), i + 1, parameter);
            }
        }
    }

    private void call(List<Effect> found, String function, int open, int parametersBefore) {
        switch (function) {
            case "set_config" -> {
                List<Operand> arguments = Arguments.of(tokens, open, parametersBefore);
                if (arguments.size() == 3) {
                    found.add(new Effect.SetConfig(arguments.get(0), arguments.get(1), arguments.get(2)));
                }
            }
            case "pg_advisory_lock", "pg_advisory_lock_shared", "pg_try_advisory_lock", "pg_try_advisory_lock_shared" ->
                found.add(
                        ofEachRow(open)
                                ? made(Holding.ADVISORY_LOCK, "of each row of a query")
                                : new Effect.Made(
                                        Holding.ADVISORY_LOCK, "", Arguments.of(tokens, open, parametersBefore)));
            case "pg_advisory_unlock", "pg_advisory_unlock_shared" -> {
                // Run for each row of a query it gives back nobody knows which, nor how many.
                if (!ofEachRow(open)) {
                    found.add(new Effect.Gone(Holding.ADVISORY_LOCK, "", Arguments.of(tokens, open, parametersBefore)));
                }
            }
            case "pg_advisory_unlock_all" -> found.add(gone(Holding.ADVISORY_LOCK, "*"));
            default -> {}
        }
    }

    /** Whether a function may be run for each row of a query; it is run once where it is all that the query is from. */
    private boolean ofEachRow(int open) {
        if (!holds("FROM")) {
            return false;
        }
        int from = sign(open - 2, '.') ? open - 4 : open - 2;
        return !is(0, "SELECT")
                || tokens.stream().filter(token -> token.is("FROM")).count() != 1
                || from < 1
                || !is(from, "FROM")
                || !endsBehind(open);
    }

    /** Whether nothing but a name follows the call that opens there. */
    private boolean endsBehind(int open) {
        int depth = 0;
        for (int i = open; i < tokens.size(); i++) {
            depth += sign(i, '(') ? 1 : sign(i, ')') ? -1 : 0;
            if (depth == 0) {
                int left = tokens.size() - i - 1;
                return left == 0 || (left == 1 && !name(i + 1).isEmpty()) || (left == 2 && is(i + 1, "AS"));
            }
        }
        return false;
    }

    private static Effect made(Holding holding, String name) {
        return new Effect.Made(holding, name, List.of());
    }

    private static Effect gone(Holding holding, String name) {
        return new Effect.Gone(holding, name, List.of());
    }

    private String text() {
        return text(0, tokens.size());
    }

    private String text(int from, int to) {
        return sql.substring(tokens.get(from).start(), tokens.get(to - 1).end());
    }

    private String keyword(int index) {
        Token token = tokens.get(index);
        return token.kind() == Token.Kind.WORD ? token.text().toUpperCase(Locale.ROOT) : "";
    }

    private @org.jspecify.annotations.Nullable Token token(int index) {
        return index < tokens.size() ? tokens.get(index) : null;
    }

    private boolean is(int index, String keyword) {
        Token token = token(index);
        return token != null && token.is(keyword);
    }

    private boolean isName(int index, String name) {
        return name(index).equalsIgnoreCase(name);
    }

    private boolean sign(int index, char sign) {
        Token token = token(index);
        return token != null && token.isSign(sign);
    }

    private String name(int index) {
        Token token = token(index);
        return token == null ? "" : token.name();
    }
}
