package io.github.pgbaton.internal.replay;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whoever checks the list of the replay's tests must find each of them, in whichever module, and it must run. */
class TestTableTest {
    private static final Pattern NAMED = Pattern.compile("`(\\w+)#(\\w+)`");
    private static final Pattern COMMENT = Pattern.compile("/\\*.*?\\*/", Pattern.DOTALL);
    private static final Pattern OFF = Pattern.compile("(?m)^ *@(Disabled|Enabled|Ignore)");
    private static final Pattern TEST = Pattern.compile("(?m)^    @(Test|ParameterizedTest|RepeatedTest)\\b");
    private static final int FEWEST = 80;

    @Test
    void everyTestOfTheTableExistsAndRuns() throws IOException {
        Map<String, String> sources = sources();
        Set<String> table = table();

        assertThat(table).allMatch(test -> runs(sources, test)).hasSizeGreaterThan(FEWEST);
    }

    /** A table from which a line went with its test would not miss either; this list is the design's. */
    @Test
    void everythingThatTheDesignAsksForHasATestInTheTable() throws IOException {
        Map<String, String> sources = sources();
        Set<String> table = table();
        List<String> missing = new ArrayList<>();
        int wanted = 0;
        for (String line : wanted()) {
            wanted++;
            int colon = line.lastIndexOf(": ");
            List<String> tests = List.of(line.substring(colon + 2).split(" "));
            if (colon < 0 || !tests.stream().allMatch(test -> table.contains(test) && runs(sources, test))) {
                missing.add(line);
            }
        }

        assertThat(missing).isEmpty();
        assertThat(wanted).isGreaterThan(FEWEST);
    }

    private static List<String> wanted() throws IOException {
        return Files.readAllLines(root().resolve("core/src/test/resources/replay-tests.txt")).stream()
                .filter(line -> !line.isBlank() && !line.startsWith("#") && !line.startsWith("["))
                .toList();
    }

    private static Map<String, String> sources() throws IOException {
        Map<String, String> sources = new HashMap<>();
        for (String module : List.of("core", "etcd", "hikari-integration", "compatibility", "examples")) {
            try (Stream<Path> files = Files.walk(root().resolve(module).resolve("src/test/java"))) {
                for (Path file :
                        files.filter(path -> path.toString().endsWith(".java")).toList()) {
                    sources.put(file.getFileName().toString().replace(".java", ""), Files.readString(file));
                }
            }
        }
        return sources;
    }

    private static Set<String> table() throws IOException {
        return NAMED.matcher(Files.readString(root().resolve("docs/transaction-replay-tests.md")))
                .results()
                .map(named -> named.group(1) + "#" + named.group(2))
                .collect(Collectors.toSet());
    }

    /** Whether a test, named as {@code FooTest#bar}, is there, and is not switched off. */
    private static boolean runs(Map<String, String> sources, String test) {
        int sign = test.indexOf('#');
        return runs(sources.getOrDefault(test.substring(0, sign), ""), test.substring(sign + 1));
    }

    /** Whether a class has a test of that name, and neither is switched off. */
    private static boolean runs(String source, String name) {
        String code = COMMENT.matcher(source).replaceAll("");
        Matcher method =
                Pattern.compile("(?m)^    (public )?void " + name + "\\(").matcher(code);
        if (!method.find()) {
            return false;
        }
        // What stands between the member before and this one is its annotations.
        String before = code.substring(0, method.start());
        int body = code.indexOf(" {\n", Math.max(code.indexOf("class "), 0));
        int from = Math.max(Math.max(before.lastIndexOf("\n    }\n"), before.lastIndexOf("\n\n")), body);
        String annotations = before.substring(Math.max(from, 0));
        String ofTheClass = body < 0 ? "" : code.substring(0, body);
        return TEST.matcher(annotations).find()
                && !OFF.matcher(annotations).find()
                && !OFF.matcher(ofTheClass).find();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "class A {\n    @Test\n    @Disabled\n    void shows() {\n    }\n}\n",
                "class A {\n    @Disabled(\"later\")\n    @ParameterizedTest\n    void shows(int a) {\n    }\n}\n",
                "@Disabled\nclass A {\n    @Test\n    void shows() {\n    }\n}\n",
                "class A {\n    @EnabledIf(\"never\")\n    @Test\n    void shows() {\n    }\n}\n",
                "class A {\n    // @Test\n    void shows() {\n    }\n}\n",
                "class A {\n    // @Test\n    // void shows() {\n    // }\n}\n",
                "class A {\n    /*\n    @Test\n    void shows() {\n    }\n    */\n}\n",
                "class A {\n    @Test\n    void other() {\n    }\n\n    void shows() {\n    }\n}\n",
                "class A {\n    private void shows() {\n    }\n}\n"
            })
    void testThatNeverRunsIsMissing(String source) {
        assertThat(runs(source, "shows")).isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "@Tag(\"full\")\nclass A {\n    @Test\n    void shows() {\n    }\n}\n",
                "class A {\n    @Disabled\n    @Test\n    void other() {\n    }\n\n    @Test\n    void shows() {\n    }\n}\n",
                "class A {\n    @ParameterizedTest\n    @CsvSource({\"a, b\", \"c, d\"})\n    void shows(String a) {\n    }\n}\n"
            })
    void testThatRunsIsFound(String source) {
        assertThat(runs(source, "shows")).isTrue();
    }

    private static Path root() {
        Path directory = Path.of("").toAbsolutePath();
        while (directory != null && !Files.exists(directory.resolve("docs/transaction-replay-tests.md"))) {
            directory = directory.getParent();
        }
        return Objects.requireNonNull(directory, "not below a checkout");
    }
}
