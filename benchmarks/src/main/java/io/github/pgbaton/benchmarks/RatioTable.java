package io.github.pgbaton.benchmarks;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The comparison as text: one line per benchmark that was measured through both drivers, in the order given. */
final class RatioTable {
    private static final String HEAD = "%-30s %10s %10s %6s %9s %7s %9s %9s%n";
    private static final String LINE = "%-30s %10.1f %10.1f %6.2f %+9.1f %6.0f%% %9.0f %9.0f%n";

    private RatioTable() {}

    static String of(List<Measured> results) {
        StringBuilder text = new StringBuilder();
        text.append(String.format(
                Locale.ROOT,
                HEAD,
                "",
                "PgJDBC ns",
                "pgbaton ns",
                "ratio",
                "added ns",
                "spread",
                "PgJDBC B",
                "pgbaton B"));
        List<String> single = new ArrayList<>();
        pairs(results).forEach((name, pair) -> {
            Measured plain = pair.get(Route.PGJDBC);
            Measured ours = pair.get(Route.PGBATON);
            if (plain == null || ours == null) {
                single.add(name);
                return;
            }
            text.append(String.format(
                    Locale.ROOT,
                    LINE,
                    name,
                    plain.nanos(),
                    ours.nanos(),
                    ours.nanos() / plain.nanos(),
                    ours.nanos() - plain.nanos(),
                    Math.max(plain.spread(), ours.spread()),
                    plain.bytes(),
                    ours.bytes()));
        });
        if (!single.isEmpty()) {
            text.append("measured through one driver only: ")
                    .append(String.join(", ", single))
                    .append(System.lineSeparator());
        }
        return text.toString();
    }

    /** By benchmark, in the order given. */
    static Map<String, Map<Route, Measured>> pairs(List<Measured> results) {
        Map<String, Map<Route, Measured>> pairs = new LinkedHashMap<>();
        for (Measured one : results) {
            pairs.computeIfAbsent(one.benchmark(), name -> new EnumMap<>(Route.class))
                    .put(one.route(), one);
        }
        return pairs;
    }
}
