package io.github.pgbaton.compatibility;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;

/** The table of docs/compatibility.md, between two markers; what a run did not try keeps what stood there. */
final class ResultTable {
    private static final Path FILE = Path.of("..", "docs", "compatibility.md");
    private static final String BEGIN = "<!-- results:begin, written by CompatibilityIT:"
            + " ./run test --full -- -pl compatibility -am -Dpgbaton.docs.update=true -->";
    private static final String END = "<!-- results:end -->";

    private ResultTable() {}

    /** A column of the table. */
    enum Fault {
        SWITCHOVER("switchover"),
        KILL("kill of the primary");

        private final String title;

        Fault(String title) {
            this.title = title;
        }
    }

    /** @return for each work, as the table says it, {@code with | what}, the outcome */
    static Map<String, String> documented(Fault fault) throws IOException {
        Map<String, String> outcomes = new LinkedHashMap<>();
        rows(Files.readString(FILE)).forEach((work, row) -> outcomes.put(work, row[fault.ordinal()]));
        return outcomes;
    }

    static void write(Fault fault, Map<String, String> outcomes) throws IOException {
        String text = Files.readString(FILE);
        Map<String, String[]> old = rows(text);
        StringBuilder table = new StringBuilder("| with | what | "
                + Arrays.stream(Fault.values()).map(f -> f.title).collect(Collectors.joining(" | "))
                + " |\n|---|---|---|---|\n");
        outcomes.forEach((work, outcome) -> {
            String[] row = old.getOrDefault(work, new String[] {"not tried", "not tried"});
            row[fault.ordinal()] = outcome;
            table.append("| " + work + " | " + String.join(" | ", row) + " |\n");
        });
        Files.writeString(
                FILE,
                text.substring(0, text.indexOf(BEGIN) + BEGIN.length()) + "\n" + table
                        + text.substring(text.indexOf(END)));
    }

    private static Map<String, String[]> rows(String text) {
        int begin = text.indexOf(BEGIN);
        if (begin < 0 || text.indexOf(END) < begin) {
            throw new IllegalStateException(FILE + " lacks its markers: " + BEGIN);
        }
        Map<String, String[]> rows = new LinkedHashMap<>();
        text.substring(begin + BEGIN.length(), text.indexOf(END))
                .lines()
                .filter(line -> line.startsWith("| "))
                .skip(1)
                .forEach(line -> {
                    String[] cells = line.split("\\|", -1);
                    rows.put(
                            cells[1].strip() + " | " + cells[2].strip(),
                            new String[] {cells[3].strip(), cells[4].strip()});
                });
        return rows;
    }
}
