package io.github.pgbaton.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every example has a README, and none is longer than a page. */
class ReadmesTest {
    private static final int LINES_OF_A_PAGE = 60;
    private static final Pattern LINK = Pattern.compile("\\]\\(([^)]*README\\.md)\\)");

    /** Those that the table of the examples leads to. */
    static List<Path> linked() throws Exception {
        return LINK.matcher(Files.readString(Path.of("README.md")))
                .results()
                .map(MatchResult::group)
                .map(link -> Path.of(link.substring("](".length(), link.length() - 1)))
                .toList();
    }

    @ParameterizedTest
    @MethodSource("linked")
    void readmeOfAnExampleIsUnderAPage(Path readme) throws Exception {
        assertThat(Files.readAllLines(readme)).isNotEmpty().hasSizeLessThan(LINES_OF_A_PAGE);
    }

    @Test
    void theTableLeadsToEveryReadmeAndIsUnderAPageItself() throws Exception {
        try (Stream<Path> files = Files.walk(Path.of(""))) {
            assertThat(files.filter(file -> file.endsWith("README.md"))
                            .filter(file -> !file.toString().contains("target"))
                            .filter(file -> !file.equals(Path.of("README.md"))))
                    .hasSizeGreaterThanOrEqualTo(5)
                    .containsExactlyInAnyOrderElementsOf(linked());
        }
        assertThat(Files.readAllLines(Path.of("README.md"))).hasSizeLessThan(LINES_OF_A_PAGE);
    }
}
