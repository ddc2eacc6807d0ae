package io.github.pgbaton.internal.session;

import io.github.pgbaton.internal.sql.Effect;
import io.github.pgbaton.internal.sql.Effect.Holding;
import io.github.pgbaton.internal.sql.Effects;
import io.github.pgbaton.internal.sql.Operand;
import java.sql.Connection;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.StringJoiner;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;
import org.postgresql.core.Utils;

/**
 * What SQL text made of a session: what the next one can be given again, and what it cannot; changes of a transaction
 * count once it commits.
 *
 * <p>Settings are kept as the statements that made them and run again in the order in which they were made last. What a
 * function or a {@code DO} block sets inside the server is not seen. Not thread-safe: lives on the thread that uses the
 * connection.
 */
public final class SessionState {
    private static final String ANY = "*";

    /** A point to go back to, and how many changes were made before it. */
    private record Mark(Object key, int changes) {}

    /**
     * @param sql that makes it again
     * @param byJdbc whether a setter of the connection made it, which a pool calls once and never again
     */
    private record Setting(String sql, boolean byJdbc) {}

    private final Map<String, Setting> settings = new LinkedHashMap<>();
    private final Map<String, String> channels = new LinkedHashMap<>();
    private final Map<Holding, Map<String, Integer>> held = new LinkedHashMap<>();
    /** Settings that were computed on the server, so that nobody here knows their value. */
    private final Set<String> unknown = new LinkedHashSet<>();

    /** How often the transaction in progress took each lock that outlives it. */
    private final Map<String, Integer> taken = new HashMap<>();

    private boolean gaveBack;

    private final List<Runnable> pending = new ArrayList<>();
    private final List<Mark> marks = new ArrayList<>();

    /** Whether {@code connectionInitSql} has set a new session up before it is given what is kept here. */
    private final boolean setUp;

    /** For sessions that are new from the server. */
    public SessionState() {
        this(false);
    }

    SessionState(boolean setUp) {
        this.setUp = setUp;
    }

    /**
     * Statements were run, and succeeded.
     *
     * @param effects of their text
     * @param bound gives the value of a parameter, from 1, null where it is not known
     * @param inTransaction whether one is open now
     */
    public void ran(Effects effects, IntFunction<@Nullable String> bound, boolean inTransaction) {
        for (Effect effect : effects.all()) {
            apply(effect, bound);
        }
        if (!inTransaction) {
            committed();
        }
    }

    /**
     * Statements were run, and failed. What no rollback takes back may have been done before.
     *
     * @param effects of their text
     * @param bound as for {@link #ran}
     */
    void failed(Effects effects, IntFunction<@Nullable String> bound) {
        for (Effect effect : effects.all()) {
            if (effect instanceof Effect.Made made && !made.holding().transactional()) {
                apply(effect, bound);
            }
        }
    }

    /**
     * Statements were run, and failed, and some of them may have been committed before: what they made of the session nobody
     * here knows any more.
     */
    void failedHalfway(Effects effects) {
        for (Effect effect : effects.all()) {
            if (effect instanceof Effect.Made made && made.holding().transactional()) {
                heldOf(made.holding()).putIfAbsent(made.name(), 1);
            } else if (effect instanceof Effect.Set
                    || effect instanceof Effect.SetConfig
                    || effect instanceof Effect.Reset
                    || effect instanceof Effect.Listen
                    || effect instanceof Effect.Unlisten
                    || effect instanceof Effect.Discarded) {
                unknown.add("that was made in SQL text which failed half-way");
            }
        }
    }

    private void apply(Effect effect, IntFunction<@Nullable String> bound) {
        if (effect instanceof Effect.Set set) {
            set(set.name(), set.sql());
        } else if (effect instanceof Effect.SetConfig config) {
            setConfig(config, bound);
        } else if (effect instanceof Effect.Reset reset) {
            pending.add(() -> reset(reset.name()));
        } else if (effect instanceof Effect.Listen listen) {
            pending.add(() -> channels.put(listen.channel(), listen.sql()));
        } else if (effect instanceof Effect.Unlisten unlisten) {
            pending.add(() -> remove(channels.keySet(), unlisten.channel()));
        } else if (effect instanceof Effect.Made made) {
            String name = name(made.name(), made.arguments(), bound);
            change(made.holding(), () -> heldOf(made.holding()).merge(name, 1, Integer::sum));
            if (made.holding() == Holding.ADVISORY_LOCK) {
                taken.merge(name, 1, Integer::sum);
            }
        } else if (effect instanceof Effect.Gone gone) {
            String name = name(gone.name(), gone.arguments(), bound);
            if (gone.holding() == Holding.ADVISORY_LOCK) {
                noteGivenBack(name);
            }
            change(gone.holding(), () -> gone(gone.holding(), name));
        } else if (effect instanceof Effect.Discarded) {
            pending.add(this::clear);
        } else if (effect instanceof Effect.Commit) {
            committed();
        } else if (effect instanceof Effect.Rollback) {
            rolledBack();
        } else if (effect instanceof Effect.Savepoint savepoint) {
            savepoint(savepoint.name());
        } else if (effect instanceof Effect.RollbackTo back) {
            rolledBackTo(back.name());
        } else if (effect instanceof Effect.Release release) {
            released(release.name());
        }
        // Begin changes nothing here; what an opaque command did inside the server is not seen.
    }

    private void change(Holding holding, Runnable change) {
        if (holding.transactional()) {
            pending.add(change);
        } else {
            change.run();
        }
    }

    /**
     * A setting got a value that lasts once the transaction commits.
     *
     * @param name in lower case
     * @param sql that does it again
     */
    public void set(String name, String sql) {
        set(name, new Setting(sql, false));
    }

    private void set(String name, Setting setting) {
        pending.add(() -> {
            unknown.remove(name);
            // Taken out first: it belongs behind everything that was set before it.
            settings.remove(name);
            settings.put(name, setting);
        });
    }

    /** @param schema as {@link java.sql.Connection#setSchema} takes it, null or empty for the default */
    public void setSchema(@Nullable String schema) {
        setOrReset("search_path", schema);
    }

    /** @param level as {@link Connection#setTransactionIsolation} takes it */
    public void setTransactionIsolation(int level) {
        String name = switch (level) {
            case Connection.TRANSACTION_READ_UNCOMMITTED -> "READ UNCOMMITTED";
            case Connection.TRANSACTION_READ_COMMITTED -> "READ COMMITTED";
            case Connection.TRANSACTION_REPEATABLE_READ -> "REPEATABLE READ";
            case Connection.TRANSACTION_SERIALIZABLE -> "SERIALIZABLE";
            default -> throw new IllegalArgumentException("no isolation level: " + level);
        };
        set(
                "default_transaction_isolation",
                new Setting("SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL " + name, true));
    }

    /** @param value of every transaction that does not say otherwise */
    void setDefaultReadOnly(boolean value) {
        set(
                "default_transaction_read_only",
                "SET SESSION CHARACTERISTICS AS TRANSACTION READ " + (value ? "ONLY" : "WRITE"));
    }

    /** @param value null or empty for the default */
    public void setApplicationName(@Nullable String value) {
        setOrReset("application_name", value);
    }

    private void setOrReset(String name, @Nullable String value) {
        if (value == null || value.isEmpty()) {
            set(name, new Setting("SET SESSION " + name + " TO DEFAULT", true));
        } else {
            set(name, new Setting("SET SESSION " + name + " TO " + literal(value), true));
        }
    }

    private void setConfig(Effect.SetConfig config, IntFunction<@Nullable String> bound) {
        String name = value(config.name(), bound);
        String value = value(config.value(), bound);
        String local = value(config.local(), bound);
        if (isTrue(local)) {
            return;
        }
        String known = name == null ? "a setting whose name was computed" : name.toLowerCase(java.util.Locale.ROOT);
        if (name == null || value == null || local == null) {
            pending.add(() -> {
                settings.remove(known);
                unknown.add(known);
            });
            return;
        }
        set(known, "SELECT pg_catalog.set_config(" + literal(name) + ", " + literal(value) + ", false)");
    }

    private static boolean isTrue(@Nullable String value) {
        return value != null
                && Set.of("true", "t", "1", "on", "yes").contains(value.toLowerCase(java.util.Locale.ROOT));
    }

    private static @Nullable String value(Operand operand, IntFunction<@Nullable String> bound) {
        if (operand instanceof Operand.Literal literal) {
            return literal.value();
        }
        return operand instanceof Operand.Bound parameter ? bound.apply(parameter.index()) : null;
    }

    /** Arguments of a lock are part of what it is called: numbers, never secrets. */
    private static String name(String name, List<Operand> arguments, IntFunction<@Nullable String> bound) {
        if (arguments.isEmpty()) {
            return name;
        }
        StringJoiner text = new StringJoiner(", ");
        arguments.forEach(argument -> text.add(Objects.requireNonNullElse(value(argument, bound), "?")));
        return text.toString();
    }

    private static String literal(String value) {
        try {
            StringBuilder quoted = new StringBuilder("'");
            return Utils.escapeLiteral(quoted, value, true).append('\'').toString();
        } catch (java.sql.SQLException e) {
            // A zero byte, which the server would have refused before.
            throw new IllegalArgumentException(e);
        }
    }

    private void reset(String name) {
        if (name.equals("all")) {
            settings.keySet().removeIf(setting -> !setting.equals("role") && !setting.equals("session_authorization"));
            unknown.clear();
        } else {
            settings.remove(name);
            unknown.remove(name);
        }
        if (setUp) {
            // Forgotten, it would leave the next session with what connectionInitSql sets, and this one has not.
            settings.put(name, new Setting(name.equals("all") ? "RESET ALL" : "RESET " + quoted(name), false));
        }
    }

    /** @param name of a setting, whose parts have a dot between them */
    private static String quoted(String name) {
        return '"' + name.replace("\"", "\"\"").replace(".", "\".\"") + '"';
    }

    private Map<String, Integer> heldOf(Holding holding) {
        return held.computeIfAbsent(holding, h -> new LinkedHashMap<>());
    }

    private void gone(Holding holding, String name) {
        Map<String, Integer> names = heldOf(holding);
        if (name.equals(ANY)) {
            names.clear();
        } else if (holding == Holding.ADVISORY_LOCK) {
            // It is as often released as it was taken.
            names.computeIfPresent(name, (n, times) -> times == 1 ? null : times - 1);
        } else {
            names.remove(name);
        }
    }

    /** The session of a replay has no lock that was taken before: it cannot be what the transaction was done under. */
    private void noteGivenBack(String name) {
        Map<String, Integer> locks = heldOf(Holding.ADVISORY_LOCK);
        if (name.equals(ANY)) {
            gaveBack |=
                    locks.entrySet().stream().anyMatch(lock -> lock.getValue() > taken.getOrDefault(lock.getKey(), 0));
            taken.clear();
        } else if (locks.containsKey(name)) {
            gaveBack |= !taken.containsKey(name);
            taken.computeIfPresent(name, (n, times) -> times == 1 ? null : times - 1);
        }
    }

    /** Whether the transaction in progress gave back a lock that its session had before. */
    boolean gaveBack() {
        return gaveBack;
    }

    private static void remove(Collection<String> names, String name) {
        if (name.equals(ANY)) {
            names.clear();
        } else {
            names.remove(name);
        }
    }

    private void clear() {
        settings.clear();
        channels.clear();
        held.clear();
        unknown.clear();
        if (setUp) {
            reset("session_authorization");
            reset("all");
        }
    }

    /** The transaction committed: what was done in it stays. */
    public void committed() {
        if (!pending.isEmpty()) {
            pending.forEach(Runnable::run);
            pending.clear();
        }
        forgetTransaction();
    }

    /** The transaction is gone, and with it what was done in it. */
    public void rolledBack() {
        pending.clear();
        forgetTransaction();
    }

    private void forgetTransaction() {
        marks.clear();
        taken.clear();
        gaveBack = false;
    }

    /** Whether a transaction has changed something that counts once it commits. */
    boolean changing() {
        return !pending.isEmpty();
    }

    /** The transaction is gone, and nobody knows which way: neither what it set nor what was set before can be given again. */
    void endedUnseen() {
        if (!pending.isEmpty()) {
            unknown.add("that was made in a transaction which ended unseen");
        }
        rolledBack();
    }

    /** @param key of a point to go back to: its name, or JDBC's object */
    public void savepoint(Object key) {
        marks.add(new Mark(key, pending.size()));
    }

    /** @param key of the point that was gone back to */
    public void rolledBackTo(Object key) {
        for (int i = marks.size() - 1; i >= 0; i--) {
            if (marks.get(i).key().equals(key)) {
                pending.subList(marks.get(i).changes(), pending.size()).clear();
                marks.subList(i + 1, marks.size()).clear();
                return;
            }
        }
    }

    /** @param key of the point that was merged into what is before it; an older one of the same name is the one then */
    void released(Object key) {
        for (int i = marks.size() - 1; i >= 0; i--) {
            if (marks.get(i).key().equals(key)) {
                marks.subList(i, marks.size()).clear();
                return;
            }
        }
    }

    /** @return the statements that give a new session what this one had, in their order; without what cannot be given */
    public List<String> restoring() {
        List<String> statements = new ArrayList<>();
        settings.values().forEach(setting -> statements.add(setting.sql()));
        statements.addAll(channels.values());
        return statements;
    }

    /** @return those of {@link #restoring} that setters of the connection made */
    List<String> restoringByJdbc() {
        return settings.values().stream()
                .filter(Setting::byJdbc)
                .map(Setting::sql)
                .toList();
    }

    /** @return the channels whose notifications may have been missed while there was no session */
    public Collection<String> channels() {
        return List.copyOf(channels.keySet());
    }

    /** @return in words and without values, what no other session can be given; empty where there is nothing of the kind */
    public List<String> held() {
        List<String> names = new ArrayList<>();
        held.forEach((holding, of) ->
                of.keySet().forEach(name -> names.add(name.isEmpty() ? holding.text() : holding.text() + " " + name)));
        unknown.forEach(name -> names.add("setting " + name + ", whose value only the server knew"));
        return names;
    }

    /**
     * Forgets what no other session can be given.
     *
     * @return what it was, as {@link #held} tells it
     */
    public List<String> takeLost() {
        List<String> lost = held();
        held.clear();
        unknown.clear();
        return lost;
    }

    /** The server refused to give these again: they are not tried a second time. */
    void forgetSettings() {
        settings.clear();
        channels.clear();
    }

    /** The server refused something of these, and took {@link #restoringByJdbc} by itself. */
    void forgetSqlText() {
        settings.values().removeIf(setting -> !setting.byJdbc());
        channels.clear();
    }
}
