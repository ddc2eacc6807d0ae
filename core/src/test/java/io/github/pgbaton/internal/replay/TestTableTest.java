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
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Whoever checks the list of the replay's tests must find each of them, in whichever module. */
class TestTableTest {
    private static final Pattern NAMED = Pattern.compile("`(\\w+)#(\\w+)`");
    private static final int FEWEST = 80;

    @Test
    void everyTestOfTheTableExists() throws IOException {
        Path root = root();
        Map<String, String> sources = new HashMap<>();
        for (String module : List.of("core", "etcd", "hikari-integration", "compatibility", "examples")) {
            try (Stream<Path> files = Files.walk(root.resolve(module).resolve("src/test/java"))) {
                for (Path file :
                        files.filter(path -> path.toString().endsWith(".java")).toList()) {
                    sources.put(file.getFileName().toString().replace(".java", ""), Files.readString(file));
                }
            }
        }
        List<String> missing = new ArrayList<>();
        int named = 0;
        Matcher table = NAMED.matcher(Files.readString(root.resolve("docs/transaction-replay-tests.md")));
        for (; table.find(); named++) {
            if (!sources.getOrDefault(table.group(1), "").contains(" void " + table.group(2) + "(")) {
                missing.add(table.group());
            }
        }

        assertThat(missing).isEmpty();
        assertThat(named).isGreaterThan(FEWEST);
    }

    private static Path root() {
        Path directory = Path.of("").toAbsolutePath();
        while (directory != null && !Files.exists(directory.resolve("docs/transaction-replay-tests.md"))) {
            directory = directory.getParent();
        }
        return Objects.requireNonNull(directory, "not below a checkout");
    }
}
