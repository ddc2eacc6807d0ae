package io.github.pgbaton.internal.replay;

import io.github.pgbaton.internal.sql.Names;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.jspecify.annotations.Nullable;

/**
 * Tells which SQL text does things that a rollback does not undo, so that to run it again would do them twice; errs towards
 * yes, as it looks at names alone. Remembers what it found; thread-safe.
 */
final class OutsideEffects {
    /** Functions that act on other databases, on files, on the server itself or on its sessions. */
    private static final Set<String> FUNCTIONS = Set.of(
            "pg_terminate_backend",
            "pg_cancel_backend",
            "pg_reload_conf",
            "pg_rotate_logfile",
            "pg_switch_wal",
            "pg_create_restore_point",
            "pg_promote",
            "pg_wal_replay_pause",
            "pg_wal_replay_resume",
            "pg_export_snapshot",
            "pg_start_backup",
            "pg_stop_backup",
            "pg_backup_start",
            "pg_backup_stop",
            "pg_logical_emit_message",
            // Set back to an old value after others have drawn from it, a sequence would give theirs again.
            "setval",
            "pg_create_physical_replication_slot",
            "pg_create_logical_replication_slot",
            "pg_copy_physical_replication_slot",
            "pg_copy_logical_replication_slot",
            "pg_replication_origin_advance",
            "pg_drop_replication_slot",
            "pg_replication_slot_advance",
            "pg_logical_slot_get_changes",
            "pg_logical_slot_get_binary_changes",
            "pg_stat_reset",
            "pg_file_write",
            "pg_file_unlink",
            "pg_file_rename",
            "http",
            "lowrite",
            "loread");

    private static final List<String> FAMILIES = List.of("dblink", "lo_", "http_", "pg_stat_reset_");

    /** Commands that run outside the transaction, end it, or move data past the journal. */
    private static final Set<String> COMMANDS = Set.of("call", "do", "copy", "prepare", "execute", "load");

    /** An application has a limited number of texts, or else builds them, and then none is seen twice. */
    private static final int MOST_KNOWN = 2048;

    /** A longer one is full of values, seen once, and would be kept here for nothing. */
    private static final int LONGEST_KNOWN = 2048;

    private static final ConcurrentMap<Set<String>, OutsideEffects> BY_NAMES = new ConcurrentHashMap<>();

    private final Set<String> more;
    private final ConcurrentMap<String, Optional<String>> known = new ConcurrentHashMap<>();

    private OutsideEffects(Set<String> more) {
        this.more = more;
    }

    /** @param more names, in lower case, besides the built-in ones */
    static OutsideEffects besides(Set<String> more) {
        return BY_NAMES.computeIfAbsent(more, OutsideEffects::new);
    }

    /**
     * @param sql one or more statements
     * @return why a transaction with it cannot be replayed, null where nothing speaks against it
     */
    @Nullable
    String of(String sql) {
        if (sql.length() > LONGEST_KNOWN) {
            return judged(sql);
        }
        Optional<String> found = known.get(sql);
        if (found == null) {
            found = Optional.ofNullable(judged(sql));
            if (known.size() >= MOST_KNOWN) {
                known.clear();
            }
            known.put(sql, found);
        }
        return found.orElse(null);
    }

    /** The characters of all texts that are remembered. */
    long remembered() {
        return known.keySet().stream().mapToLong(String::length).sum();
    }

    private @Nullable String judged(String sql) {
        String command = Names.firstCommand(sql, name -> COMMANDS.contains(name) || more.contains(name));
        if (command != null) {
            return "it runs " + command.toUpperCase(Locale.ROOT);
        }
        String function = Names.firstCalled(
                sql,
                name -> FUNCTIONS.contains(name)
                        || more.contains(name)
                        || FAMILIES.stream().anyMatch(name::startsWith));
        return function == null ? null : "it calls " + function + "(), whose effects a rollback does not undo";
    }

    /** The text without its literals, short enough for a message. */
    static String shape(String sql) {
        return Names.withoutLiterals(sql, 120);
    }
}
