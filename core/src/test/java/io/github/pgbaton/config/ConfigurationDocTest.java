package io.github.pgbaton.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Holds the reference and the enum together; with {@code -Dpgbaton.docs.update=true} it rewrites the former. */
class ConfigurationDocTest {
    private static final Path ROOT = root();

    @ParameterizedTest
    @ValueSource(strings = {"docs/configuration.md", "README.md"})
    void tableOfPropertiesIsTheOneOfTheEnum(String name) throws IOException {
        Path file = ROOT.resolve(name);
        if (!Files.exists(file)) {
            return; // whether it must exist is the other test's business
        }
        String written = Files.readString(file);
        String generated = PropertyTable.fill(written);
        if (Boolean.getBoolean("pgbaton.docs.update") && !generated.equals(written)) {
            Files.writeString(file, generated);
            return;
        }
        assertThat(written)
                .as("%s is out of date: mvn -pl core -am test -Dpgbaton.docs.update=true", name)
                .isEqualTo(generated);
    }

    @Test
    void referenceHasAPlaceForTheTable() throws IOException {
        assertThat(PropertyTable.hasMarkers(Files.readString(ROOT.resolve("docs/configuration.md"))))
                .isTrue();
    }

    @Test
    void everyErrorOfTheReferenceIsWhatTheDriverSays() throws IOException {
        String examples = Files.readString(ROOT.resolve("docs/configuration.md"));
        examples = examples.substring(examples.indexOf("<!-- errors:begin"), examples.indexOf("<!-- errors:end"));
        Matcher example = Pattern.compile("^(jdbc:\\S+)\n {4}(\\S{5}) (.+)$", Pattern.MULTILINE)
                .matcher(examples);
        int found = 0;
        while (example.find()) {
            found++;
            String url = example.group(1);
            assertThatExceptionOfType(SQLException.class)
                    .isThrownBy(() -> ConnectionSpec.parse(url, null))
                    .withMessage(example.group(3))
                    .extracting(SQLException::getSQLState)
                    .isEqualTo(example.group(2));
        }
        assertThat(found).isGreaterThan(10);
    }

    @Test
    void onlyWhatIsBetweenTheMarkersChanges() {
        String filled =
                PropertyTable.fill("before\n" + PropertyTable.BEGIN + "\nSTALE\n" + PropertyTable.END + "\nafter\n");

        assertThat(filled).startsWith("before\n").endsWith("\nafter\n").doesNotContain("STALE");
        for (BatonProperty property : BatonProperty.values()) {
            assertThat(filled).contains("| `" + property.key() + "` |");
        }
        assertThat(PropertyTable.fill(filled)).isEqualTo(filled);
        assertThat(PropertyTable.fill("no markers")).isEqualTo("no markers");
    }

    private static Path root() {
        Path directory = Path.of("").toAbsolutePath();
        while (directory != null && !Files.isDirectory(directory.resolve(".mvn"))) {
            directory = directory.getParent();
        }
        if (directory == null) {
            throw new IllegalStateException(
                    "not below a checkout: " + Path.of("").toAbsolutePath());
        }
        return directory;
    }
}
