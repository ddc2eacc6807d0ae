package io.github.pgbaton.hikari;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Holds the settings that are reported, those of the operations guide and those that a test shows to be reported together. */
class SettingsDocTest {
    private static final Pattern ROW = Pattern.compile("^\\| `(\\w+)`", Pattern.MULTILINE);
    private static final Pattern WARNING = Pattern.compile("warn\\(\\s*\"(\\w+)\"");

    @Test
    void theGuideAndTheTestsNameEverySettingThatIsReported() throws IOException {
        Set<String> reported =
                names(WARNING, read("hikari-integration/src/main/java/io/github/pgbaton/hikari/SettingsReview.java"));
        Set<String> shown = BatonHikariTest.harmful()
                .map(row -> String.valueOf(row.get()[0]))
                .collect(Collectors.toCollection(TreeSet::new));

        assertThat(reported).contains("connectionTimeout");
        assertThat(names(ROW, table(read("docs/operations.md")))).isEqualTo(reported);
        assertThat(shown).isEqualTo(reported);
    }

    private static String table(String guide) {
        String begin = "| setting | reported when | because |";
        assertThat(guide).contains(begin);
        String from = guide.substring(guide.indexOf(begin));
        return from.substring(0, from.indexOf("\n\n"));
    }

    private static Set<String> names(Pattern pattern, String text) {
        return pattern.matcher(text)
                .results()
                .map(found -> found.group(1))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static String read(String file) throws IOException {
        Path directory = Path.of("").toAbsolutePath();
        while (!Files.isDirectory(directory.resolve(".mvn"))) {
            directory = Objects.requireNonNull(directory.getParent(), "the project's root");
        }
        return Files.readString(directory.resolve(file));
    }
}
