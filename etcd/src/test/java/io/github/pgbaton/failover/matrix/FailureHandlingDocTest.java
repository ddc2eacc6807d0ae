package io.github.pgbaton.failover.matrix;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Holds docs/failure-handling.md to the tests: its matrix is the one in code ({@code -Dpgbaton.docs.update=true} rewrites
 * it), and each test that it names is there.
 */
class FailureHandlingDocTest {
    private static final Path ROOT = root();
    private static final Path DOC = ROOT.resolve("docs/failure-handling.md");

    /** {@code `Class#method`}, {@code `Class`}, or {@code `#method`} of the class that was named last. */
    private static final Pattern TEST = Pattern.compile("`(?:([A-Z]\\w*(?:Test|IT))(?:#(\\w+))?|#(\\w+))`");

    @Test
    void matrixIsTheOneInCode() throws IOException {
        String written = Files.readString(DOC);
        assertThat(MatrixText.hasMarkers(written)).isTrue();
        String generated = MatrixText.fill(written);
        if (Boolean.getBoolean("pgbaton.docs.update") && !generated.equals(written)) {
            Files.writeString(DOC, generated);
            return;
        }
        assertThat(written)
                .as("%s is out of date: mvn -pl etcd -am test -Dpgbaton.docs.update=true", DOC)
                .isEqualTo(generated);
    }

    @Test
    void everyTestThatIsNamedIsThere() throws IOException {
        Map<String, String> sources = testSources();
        List<String> missing = new ArrayList<>();
        int named = 0;
        String type = "";
        for (Matcher test = TEST.matcher(Files.readString(DOC)); test.find(); named++) {
            type = Objects.requireNonNullElse(test.group(1), type);
            String method = test.group(2) != null ? test.group(2) : test.group(3);
            String source = sources.get(type + ".java");
            if (source == null || (method != null && !source.contains(" " + method + "("))) {
                missing.add(test.group());
            }
        }
        assertThat(missing).isEmpty();
        assertThat(named).isGreaterThan(100);
    }

    private static Map<String, String> testSources() throws IOException {
        Map<String, String> sources = new HashMap<>();
        try (Stream<Path> modules = Files.list(ROOT)) {
            for (Path tests : modules.map(module -> module.resolve("src/test/java"))
                    .filter(Files::isDirectory)
                    .toList()) {
                try (Stream<Path> files = Files.walk(tests)) {
                    for (Path file : files.filter(path -> path.toString().endsWith(".java"))
                            .toList()) {
                        sources.merge(file.getFileName().toString(), Files.readString(file), String::concat);
                    }
                }
            }
        }
        return sources;
    }

    private static Path root() {
        Path directory = Path.of("").toAbsolutePath();
        while (!Files.isDirectory(directory.resolve(".mvn"))) {
            directory = Objects.requireNonNull(directory.getParent(), "not below a checkout");
        }
        return directory;
    }
}
