package io.github.pgbaton.config;

import java.util.Arrays;
import java.util.stream.Collectors;

/** Writes the table of all properties between two markers of a Markdown text; the rest of the text stays as it is. */
final class PropertyTable {
    static final String BEGIN =
            "<!-- properties:begin, generated from BatonProperty: mvn -pl core -am test -Dpgbaton.docs.update=true -->";
    static final String END = "<!-- properties:end -->";

    private PropertyTable() {}

    static boolean hasMarkers(String markdown) {
        return markdown.contains(BEGIN) && markdown.indexOf(END) > markdown.indexOf(BEGIN);
    }

    /** @return the text with the table of now between its markers; unchanged where it has none */
    static String fill(String markdown) {
        if (!hasMarkers(markdown)) {
            return markdown;
        }
        return markdown.substring(0, markdown.indexOf(BEGIN) + BEGIN.length()) + "\n" + table()
                + markdown.substring(markdown.indexOf(END));
    }

    private static String table() {
        return Arrays.stream(BatonProperty.values())
                .map(PropertyTable::row)
                .collect(
                        Collectors.joining("", "| Property | Default | Accepted | Meaning |\n|---|---|---|---|\n", ""));
    }

    private static String row(BatonProperty property) {
        String standard = property.defaultText() == null ? "" : "`" + property.defaultText() + "`";
        return "| `" + property.key() + "` | " + standard + " | " + property.accepts() + " | " + property.text()
                + " |\n";
    }
}
