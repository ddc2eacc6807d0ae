package io.github.pgbaton.benchmarks;

import java.util.List;
import java.util.Set;

/** What {@code Overhead --check} holds calls to; only what was measured through both drivers is judged. */
final class OverheadGoals {
    private static final Set<String> GETTERS = Set.of("LocalCalls.getInt", "LocalCalls.getStringByName");
    private static final String BORROW = "PoolCycle.borrowAndGiveBack";

    private static final double GETTER_NANOS = 2;

    /** JMH divides what all calls allocated by their number: a byte now and then is none of theirs. */
    private static final double NO_BYTES = 0.5;

    private static final double BORROW_RATIO = 1.05;

    private OverheadGoals() {}

    static Goals of(List<Measured> results) {
        Goals goals = new Goals("overhead");
        boolean[] judged = new boolean[1];
        RatioTable.pairs(results).forEach((name, pair) -> {
            Measured plain = pair.get(Route.PGJDBC);
            Measured ours = pair.get(Route.PGBATON);
            if (plain != null && ours != null) {
                judged[0] |= judge(goals, name, plain, ours);
            }
        });
        if (!judged[0]) {
            goals.miss("nothing that has a goal was measured");
        }
        return goals;
    }

    /** Whether it has a goal. */
    private static boolean judge(Goals goals, String name, Measured plain, Measured ours) {
        if (GETTERS.contains(name)) {
            goals.atMost(name + ", added", ours.nanos() - plain.nanos(), GETTER_NANOS, " ns");
            double bytes = ours.bytes() - plain.bytes();
            goals.atMost(name + ", allocated beyond PgJDBC", bytes <= NO_BYTES ? 0 : bytes, 0, " B");
            return true;
        }
        if (name.equals(BORROW)) {
            goals.atMost(name + ", ratio", ours.nanos() / plain.nanos(), BORROW_RATIO, "");
            return true;
        }
        return false;
    }
}
