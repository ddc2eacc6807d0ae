package io.github.pgbaton.examples.chaos;

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
        int stuck,
        long told,
        boolean untold,
        SortedMap<String, Integer> errors,
        SortedMap<String, Integer> undocumented) {

    /** How many commits are not there that the application was told of. */
    static long missing(int lost, long counterOff) {
        return lost + Math.max(0, -counterOff);
    }

    /** @param asynchronous what the standby never got may be lost then, and the driver says so; nothing else may happen */
    boolean isClean(boolean asynchronous) {
        return doubled == 0
                && half == 0
                && wrongReads == 0
                && balanceOff == 0
                && counterOff <= 0
                && (asynchronous ? !untold : lost == 0 && counterOff == 0)
                && unknown == 0
                && stuck == 0
                && undocumented.isEmpty();
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
        line(table, "commits left in doubt", unknown);
        line(table, "threads that are stuck", stuck);
        line(
                table,
                "errors, each run again",
                errors.values().stream().mapToInt(Integer::intValue).sum());
        errors.forEach((text, times) -> table.append("  %8d  %s%n".formatted(times, text)));
        line(
                table,
                "of them undocumented",
                undocumented.values().stream().mapToInt(Integer::intValue).sum());
        undocumented.forEach((text, times) -> table.append("  %8d  %s%n".formatted(times, text)));
        return table.toString();
    }

    private static void line(StringBuilder table, String name, long value) {
        table.append("%-28s %8d%n".formatted(name, value));
    }
}
