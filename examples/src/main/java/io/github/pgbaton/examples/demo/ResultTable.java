package io.github.pgbaton.examples.demo;

import io.github.pgbaton.examples.demo.Verdict.RouteVerdict;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SortedMap;
import java.util.stream.Collectors;

/** Writes a {@link Verdict} down, for a terminal or in Markdown; both hold the same cells. */
public final class ResultTable {
    private static final List<String> HEAD = List.of(
            "fault", "no member writable", "route", "added", "errors seen", "commit unknown", "lost", "doubled");

    private ResultTable() {}

    public static String text(Verdict verdict) {
        List<List<String>> rows = rows(verdict);
        StringBuilder table = new StringBuilder();
        for (List<String> row : rows) {
            StringBuilder line = new StringBuilder();
            for (int column = 0; column < row.size(); column++) {
                int width = width(rows, column);
                line.append(("%-" + (width + 2) + "s").formatted(row.get(column)));
            }
            table.append(line.toString().stripTrailing()).append('\n');
        }
        return table.toString();
    }

    public static String markdown(Verdict verdict) {
        List<List<String>> rows = new ArrayList<>(rows(verdict));
        rows.add(1, HEAD.stream().map(name -> "---").toList());
        return rows.stream()
                .map(row -> row.stream().collect(Collectors.joining(" | ", "| ", " |\n")))
                .collect(Collectors.joining());
    }

    private static List<List<String>> rows(Verdict verdict) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(HEAD);
        for (RouteVerdict route : verdict.routes()) {
            rows.add(List.of(
                    verdict.fault(),
                    verdict.outage().map(ResultTable::seconds).orElse("did not end"),
                    route.route(),
                    added(route.added()),
                    errors(route.tally().errors(), route.tally().errorsByState()),
                    Integer.toString(route.tally().commitsUnknown()),
                    Integer.toString(route.audit().lost()),
                    Integer.toString(route.audit().doubled())));
        }
        return rows;
    }

    private static int width(List<List<String>> rows, int column) {
        return rows.stream().mapToInt(row -> row.get(column).length()).max().orElse(0);
    }

    private static String errors(int sum, SortedMap<String, Integer> byState) {
        if (sum == 0) {
            return "0";
        }
        return sum
                + byState.entrySet().stream()
                        .map(state -> state.getValue() + " x " + state.getKey())
                        .collect(Collectors.joining(", ", " (", ")"));
    }

    /** Below a second in milliseconds; a route may be ahead of the outage by the resolution of its measurement. */
    static String added(Optional<Duration> added) {
        return added.map(duration -> duration.abs().toMillis() < 1000
                        ? String.format(Locale.ROOT, "%+d ms", duration.toMillis())
                        : String.format(Locale.ROOT, "%+.1f s", duration.toMillis() / 1000.0))
                .orElse("never wrote again");
    }

    private static String seconds(Duration duration) {
        return String.format(Locale.ROOT, "%.1f s", duration.toMillis() / 1000.0);
    }
}
