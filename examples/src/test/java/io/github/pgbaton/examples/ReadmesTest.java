package io.github.pgbaton.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
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
        List<Path> readmes = new ArrayList<>();
        Files.walkFileTree(Path.of(""), new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
                // Another module may be built, and its files come and go.
                return folder.endsWith("target") ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                if (file.endsWith("README.md") && !file.equals(Path.of("README.md"))) {
                    readmes.add(file);
                }
                return FileVisitResult.CONTINUE;
            }
        });
        assertThat(readmes).hasSizeGreaterThanOrEqualTo(5).containsExactlyInAnyOrderElementsOf(linked());
        assertThat(Files.readAllLines(Path.of("README.md"))).hasSizeLessThan(LINES_OF_A_PAGE);
    }
}
