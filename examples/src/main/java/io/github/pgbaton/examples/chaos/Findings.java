package io.github.pgbaton.examples.chaos;

import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;

/**
 * What an audit found at the end.
 *
 * @param acknowledged transactions that the application was told are committed
 * @param doubled transactions that are there more than once
 * @param lost acknowledged transactions that are not there, or not whole
 * @param half transactions of which one part is there and the other is not, acknowledged or not
 * @param wrongReads transactions that went on from something else than what their predecessor left
 * @param balanceOff how far the sum of all balances is from what it was
 * @param counterOff how many increments there are too many (or, negative, too few)
 * @param unknown transactions of which nobody said whether they were committed
 * @param inDoubt COMMITs whose answer did not come, so that the driver had to find out what became of them
 * @param replayed transactions that went on after a replay
 * @param stuck threads that did not end in time
 * @param told lost commits that the driver's own audits named
 * @param untold whether more are lost than the driver said
 * @param errors what the application saw, by SQLState and reason
 * @param undocumented those of them that it should not have seen
 */
record Findings(
        int acknowledged,
        int doubled,
        int lost,
        int half,
        int wrongReads,
        long balanceOff,
        long counterOff,
        int unknown,
        long inDoubt,
        long replayed,
        int stuck,
        long told,
        boolean untold,
        SortedMap<String, Integer> errors,
        SortedMap<String, Integer> undocumented) {

    /** How many commits are not there that the application was told of. */
    static long missing(int lost, long counterOff) {
        return lost + Math.max(0, -counterOff);
    }

    /** How many commits are not there that the application was told of, the increments of a counter among them. */
    long losses() {
        return missing(lost, counterOff);
    }

    /** How many are there more than once, the increments of a counter among them. */
    long doublings() {
        return doubled + Math.max(0, counterOff);
    }

    /**
     * In which the data are not what the application was told.
     *
     * @param asynchronous what the standby never got may be lost then, and the driver says so; nothing else may happen
     */
    List<String> wrongData(boolean asynchronous) {
        List<String> wrong = new ArrayList<>();
        note(wrong, doublings(), "doubled");
        if (!asynchronous) {
            note(wrong, losses(), "lost");
        } else if (untold) {
            note(wrong, losses(), "lost, more than was told");
        }
        note(wrong, half, "there by halves");
        note(wrong, wrongReads, "wrong reads");
        if (balanceOff != 0) {
            wrong.add("balances off by " + balanceOff);
        }
        return wrong;
    }

    /**
     * In which the campaign itself did not go as it should.
     *
     * @param mayBeUnknown whether the driver may say that it cannot tell what became of a COMMIT
     */
    List<String> otherwise(boolean mayBeUnknown) {
        List<String> otherwise = new ArrayList<>();
        note(otherwise, mayBeUnknown ? 0 : unknown, "commits left in doubt");
        note(otherwise, stuck, "stuck threads");
        note(otherwise, sum(undocumented), "undocumented errors");
        return otherwise;
    }

    private static void note(List<String> to, long count, String what) {
        if (count != 0) {
            to.add(count + " " + what);
        }
    }

    private static int sum(SortedMap<String, Integer> counts) {
        return counts.values().stream().mapToInt(Integer::intValue).sum();
    }

    String table() {
        StringBuilder table = new StringBuilder();
        line(table, "transactions acknowledged", acknowledged);
        line(table, "doubled", doubled);
        line(table, "lost", lost);
        line(table, "lost, as the driver told", told);
        line(table, "there by halves", half);
        line(table, "wrong reads", wrongReads);
        line(table, "sum of balances off by", balanceOff);
        line(table, "counter off by", counterOff);
        line(table, "transactions replayed", replayed);
        line(table, "commits in doubt", inDoubt);
        line(table, "commits left in doubt", unknown);
        line(table, "threads that are stuck", stuck);
        line(table, "errors", sum(errors));
        errors.forEach((text, times) -> table.append("  %8d  %s%n".formatted(times, text)));
        line(table, "of them undocumented", sum(undocumented));
        undocumented.forEach((text, times) -> table.append("  %8d  %s%n".formatted(times, text)));
        return table.toString();
    }

    private static void line(StringBuilder table, String name, long value) {
        table.append("%-28s %8d%n".formatted(name, value));
    }
}
