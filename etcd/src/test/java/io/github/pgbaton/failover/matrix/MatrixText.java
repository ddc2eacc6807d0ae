package io.github.pgbaton.failover.matrix;

import java.util.Arrays;
import java.util.Set;
import java.util.stream.Collectors;

/** Writes {@link Matrix} between two markers of a Markdown text; the rest of the text stays as it is. */
final class MatrixText {
    static final String BEGIN =
            "<!-- matrix:begin, generated from Matrix.java: mvn -pl etcd -am test -Dpgbaton.docs.update=true -->";
    static final String END = "<!-- matrix:end -->";

    private static final String WITH_REPLAY = "With `replay=verified`, the default, and a ledger:\n\n";
    private static final String WITHOUT_REPLAY = "\nWith `replay=off` and `commitOutcome=none`:\n\n";

    private MatrixText() {}

    static boolean hasMarkers(String markdown) {
        return markdown.contains(BEGIN) && markdown.indexOf(END) > markdown.indexOf(BEGIN);
    }

    static String fill(String markdown) {
        if (!hasMarkers(markdown)) {
            return markdown;
        }
        return markdown.substring(0, markdown.indexOf(BEGIN) + BEGIN.length()) + "\n" + meanings() + "\n"
                + WITH_REPLAY + cells(Matrix.WITH_REPLAY) + WITHOUT_REPLAY + cells(Matrix.WITHOUT_REPLAY)
                + markdown.substring(markdown.indexOf(END));
    }

    private static String meanings() {
        return Arrays.stream(Moment.values())
                        .map(moment -> "| " + moment.title() + " | " + moment.meaning() + " |\n")
                        .collect(Collectors.joining("", "| moment | what the connection does |\n|---|---|\n", "\n"))
                + Arrays.stream(Fault.values())
                        .map(fault -> "| " + fault.title() + " | " + fault.meaning() + " |\n")
                        .collect(Collectors.joining("", "| fault | what happens |\n|---|---|\n", ""));
    }

    private static String cells(Matrix matrix) {
        String titles =
                Arrays.stream(Moment.values()).map(Moment::title).collect(Collectors.joining(" | ", "| fault | ", ""));
        return titles + " | shown by |\n" + "|---".repeat(Moment.values().length + 2) + "|\n"
                + Arrays.stream(Fault.values()).map(fault -> row(matrix, fault)).collect(Collectors.joining());
    }

    private static String row(Matrix matrix, Fault fault) {
        return Arrays.stream(Moment.values())
                .map(moment -> cell(matrix.cell(fault, moment)))
                .collect(Collectors.joining(
                        " | ",
                        "| " + fault.title() + " | ",
                        " | `FaultMatrixIT#" + FaultMatrixIT.methodOf(matrix, fault) + "` (" + fault + ") |\n"));
    }

    private static String cell(Set<String> states) {
        String all = states.stream()
                .map(state -> state.equals(Matrix.NOTHING) ? "nothing" : state)
                .collect(Collectors.joining(", "));
        int last = all.lastIndexOf(", ");
        return last < 0 ? all : all.substring(0, last) + " or " + all.substring(last + 2);
    }
}
