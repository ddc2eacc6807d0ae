package io.github.pgbaton.examples.chaos;

import io.github.pgbaton.event.CommitUnknownException;
import io.github.pgbaton.event.TransactionLostException;
import java.sql.SQLException;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/** What the application was told, of every transaction and every error; thread-safe. */
final class Told {
    private final Map<Work, Set<String>> acknowledged = sets();
    private final Map<Work, Set<String>> unknown = sets();
    private final SortedMap<String, Integer> errors = new TreeMap<>();
    private final SortedMap<String, Integer> undocumented = new TreeMap<>();

    private final boolean mayBeUnknown;

    /** @param mayBeUnknown whether the driver may say that it cannot tell what became of a COMMIT */
    Told(boolean mayBeUnknown) {
        this.mayBeUnknown = mayBeUnknown;
    }

    private static Map<Work, Set<String>> sets() {
        Map<Work, Set<String>> sets = new EnumMap<>(Work.class);
        for (Work work : Work.values()) {
            sets.put(work, new HashSet<>());
        }
        return sets;
    }

    synchronized void acknowledged(Work work, String key) {
        of(acknowledged, work).add(key);
    }

    /** Whether it was committed nobody said. */
    synchronized void unknown(Work work, String key) {
        of(unknown, work).add(key);
    }

    /** Notes an error and says whether to run the transaction again: it is certain not to have been committed. */
    synchronized boolean failed(SQLException error) {
        String state = String.valueOf(error.getSQLState());
        String text = state + " " + reason(error);
        errors.merge(text, 1, Integer::sum);
        boolean again = TransactionLostException.SQL_STATE.equals(state);
        if (!again && !(mayBeUnknown && error instanceof CommitUnknownException)) {
            // The whole of it: nobody expected it, and somebody will want to know why.
            undocumented.merge(state + " " + error.getMessage(), 1, Integer::sum);
        }
        return again;
    }

    /** The part of a message that is the same for the same thing happening elsewhere. */
    private static String reason(SQLException error) {
        String text = String.valueOf(error.getMessage()).lines().findFirst().orElse("");
        if (error instanceof TransactionLostException) {
            int because = text.indexOf("because ");
            text = "driver: " + (because < 0 ? text : text.substring(because + "because ".length()));
            int end = text.indexOf(". ");
            text = end < 0 ? text : text.substring(0, end);
        }
        String general =
                text.replaceAll("\\([^()]*\\)", "").replaceAll("[0-9]+", "N").replaceAll(" +", " ");
        return general.length() > 110 ? general.substring(0, 110) + "..." : general;
    }

    synchronized Set<String> acknowledged(Work work) {
        return Set.copyOf(of(acknowledged, work));
    }

    synchronized Set<String> unknown(Work work) {
        return Set.copyOf(of(unknown, work));
    }

    /** How often each error was seen, by SQLState and reason. */
    synchronized SortedMap<String, Integer> errors() {
        return new TreeMap<>(errors);
    }

    /** Those of {@link #errors} that no application should have seen here: a primary came in time, and where
     * there is a ledger it tells. */
    synchronized SortedMap<String, Integer> undocumented() {
        return new TreeMap<>(undocumented);
    }

    private static Set<String> of(Map<Work, Set<String>> sets, Work work) {
        Set<String> found = sets.get(work);
        if (found == null) {
            throw new IllegalStateException("there is one for each");
        }
        return found;
    }
}
