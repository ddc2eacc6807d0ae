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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Holds the documents to the code: the matrix of docs/failure-handling.md is the one that is tested
 * ({@code -Dpgbaton.docs.update=true} rewrites it), and each test that any of them names is there.
 */
class FailureHandlingDocTest {
    private static final Path ROOT = root();
    private static final Path DOC = ROOT.resolve("docs/failure-handling.md");

    /**
     * {@code `Class#method`} of whatever class, {@code `Class`} of a test, or {@code `#method`} of the class that was named
     * last.
     */
    private static final Pattern NAME = Pattern.compile(
            "`(?!Class#method`)(?:([A-Z]\\w*)#(\\w+)|([A-Z]\\w*[a-z](?:Test|IT))|#([a-z]\\w+))(?:\\([^`]*\\))?`");

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

    static Stream<Path> documents() throws IOException {
        try (Stream<Path> documents = Files.list(ROOT.resolve("docs"))) {
            return Stream.concat(
                    Stream.of("README.md", "CONTRIBUTING.md").map(ROOT::resolve),
                    documents.filter(path -> path.toString().endsWith(".md")).sorted().toList().stream());
        }
    }

    @ParameterizedTest
    @MethodSource("documents")
    void everyTestAndMethodThatIsNamedIsThere(Path document) throws IOException {
        Map<String, String> sources = sources();
        List<String> missing = new ArrayList<>();
        int named = 0;
        String type = "";
        for (Matcher name = NAME.matcher(Files.readString(document)); name.find(); named++) {
            type = Stream.of(name.group(1), name.group(3), type)
                    .filter(Objects::nonNull)
                    .findFirst()
                    .orElseThrow();
            String method = name.group(2) != null ? name.group(2) : name.group(4);
            String source = sources.get(type + ".java");
            if (source == null || (method != null && !declares(type, source, method))) {
                missing.add(name.group() + " of " + type);
            }
        }
        assertThat(missing).isEmpty();
        if (document.equals(DOC)) {
            assertThat(named).isGreaterThan(100);
        }
    }

    /** A test is a method that returns nothing; that a text or a comment names it is not enough. */
    private static boolean declares(String type, String source, String method) {
        String returned = type.matches(".*(Test|IT)") ? "void" : "[\\w>\\]]";
        return Pattern.compile(returned + "\\s+" + method + "\\(")
                .matcher(source)
                .find();
    }

    /** All of this project by file name; classes of the same name are one. */
    private static Map<String, String> sources() throws IOException {
        Map<String, String> sources = new HashMap<>();
        for (Path top : topDirectories()) {
            try (Stream<Path> files = Files.walk(top)) {
                for (Path file : files.filter(path -> path.toString().endsWith(".java"))
                        .filter(path -> path.toString().contains("/src/"))
                        .toList()) {
                    sources.merge(file.getFileName().toString(), Files.readString(file), String::concat);
                }
            }
        }
        return sources;
    }

    private static List<Path> topDirectories() throws IOException {
        try (Stream<Path> all = Files.list(ROOT)) {
            return all.filter(path -> Files.isRegularFile(path.resolve("pom.xml")))
                    .toList();
        }
    }

    private static Path root() {
        Path directory = Path.of("").toAbsolutePath();
        while (!Files.isDirectory(directory.resolve(".mvn"))) {
            directory = Objects.requireNonNull(directory.getParent(), "not below a checkout");
        }
        return directory;
    }
}
