package io.github.pgbaton.internal.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs the build's generator as the build does, on a classification with a mistake in it. */
class GenerateForwardersTest {
    private static final Path FORWARDING = Path.of("src/main/forwarding");

    @TempDir
    private Path folder;

    private Path classification;
    private Path output;

    private record Run(int exit, String text) {}

    @BeforeEach
    void copyClassification() throws IOException {
        classification = Files.createDirectory(folder.resolve("in"));
        output = folder.resolve("out");
        try (Stream<Path> files = Files.list(FORWARDING)) {
            for (Path file : files.toList()) {
                Files.copy(file, classification.resolve(file.getFileName()));
            }
        }
    }

    @Test
    void generatesWhatTheBuildCompiled() throws Exception {
        assertThat(generate().exit()).isZero();

        Path built = Path.of("target/generated-sources/forwarders/io/github/pgbaton/internal/jdbc");
        Path made = output.resolve("io/github/pgbaton/internal/jdbc");
        try (Stream<Path> files = Files.list(made)) {
            List<Path> sources = files.toList();
            assertThat(sources).hasSize(6);
            for (Path source : sources) {
                assertThat(source).hasSameTextualContentAs(built.resolve(source.getFileName()));
            }
        }
    }

    @Test
    void refusesAMethodNobodyClassified() throws Exception {
        edit("Statement.txt", "RECORD RUN  execute(String)\n", "");

        Run run = generate();

        assertThat(run.exit()).isNotZero();
        assertThat(run.text()).contains("java.sql.Statement.execute(String) is not classified");
        assertThat(output).doesNotExist();
    }

    @Test
    void refusesALineThatMatchesNoMethod() throws Exception {
        edit("ResultSet.txt", "WRAP        getStatement()\n", "WRAP        getStatement()\nPASS peek(int)\n");

        Run run = generate();

        assertThat(run.exit()).isNotZero();
        assertThat(run.text()).contains("peek(int), which java.sql.ResultSet does not declare");
    }

    @Test
    void refusesAMethodClassifiedTwice() throws Exception {
        edit("Connection.txt", "WRAP   commit()\n", "WRAP   commit()\nPASS   commit()\n");

        assertThat(generate().text()).contains("classifies commit() twice");
    }

    @Test
    void refusesARuleItDoesNotKnow() throws Exception {
        edit("Connection.txt", "WRAP   commit()\n", "MAYBE  commit()\n");

        assertThat(generate().text()).contains("no such rule: MAYBE  commit()");
    }

    @Test
    void refusesToHandOutAnObjectThatMustBeOurs() throws Exception {
        edit("Statement.txt", "WRAP        getConnection()\n", "PASS        getConnection()\n");

        assertThat(generate().text())
                .contains(
                        "java.sql.Statement.getConnection() returns java.sql.Connection and is PASS: it must be WRAP");
    }

    private void edit(String file, String from, String to) throws IOException {
        Path path = classification.resolve(file);
        String text = Files.readString(path);
        assertThat(text).contains(from);
        Files.writeString(path, text.replace(from, to));
    }

    private Run generate() throws IOException, InterruptedException {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "src/build/java/GenerateForwarders.java",
                        "17",
                        "io.github.pgbaton.internal.jdbc",
                        classification.toString(),
                        output.toString())
                .redirectErrorStream(true)
                .start();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        return new Run(process.exitValue(), text);
    }
}
