package io.github.pgbaton.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Rows of text under a head, for a terminal or in Markdown; both hold the same cells.
 *
 * @param head the columns' names
 * @param rows as many cells each as the head has
 */
public record Table(List<String> head, List<List<String>> rows) {
    /** Copies. */
    public Table {
        head = List.copyOf(head);
        rows = List.copyOf(rows);
    }

    /**
     * @param markdown whether to write Markdown
     * @return the table, each line ended
     */
    public String text(boolean markdown) {
        return markdown ? markdown() : plain();
    }

    private String plain() {
        List<List<String>> all = all();
        StringBuilder text = new StringBuilder();
        for (List<String> row : all) {
            StringBuilder line = new StringBuilder();
            for (int column = 0; column < row.size(); column++) {
                int at = column;
                int width = all.stream().mapToInt(r -> r.get(at).length()).max().orElse(0);
                line.append(("%-" + (width + 2) + "s").formatted(row.get(column)));
            }
            text.append(line.toString().stripTrailing()).append('\n');
        }
        return text.toString();
    }

    private String markdown() {
        List<List<String>> all = all();
        all.add(1, head.stream().map(name -> "---").toList());
        return all.stream()
                .map(row -> row.stream().collect(Collectors.joining(" | ", "| ", " |\n")))
                .collect(Collectors.joining());
    }

    private List<List<String>> all() {
        List<List<String>> all = new ArrayList<>();
        all.add(head);
        all.addAll(rows);
        return all;
    }
}
