package io.github.pgbaton.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code ./run example} starts, with a {@code java} and a {@code mvn} that say only what they were given. */
class RunExampleTest {
    private static final String URL = "jdbc:pgbaton:postgresql://elsewhere:5432/app?patroni=http://elsewhere:8008";

    @TempDir
    Path directory;

    private final Map<String, String> environment = new HashMap<>();

    @BeforeEach
    void programs() throws IOException {
        program("java", "printf '%s\\n' \"${@: -3}\"");
        program("javac", "echo 'javac 17.0.1'");
        program("mvn", "exit 0");
        environment.put("PATH", directory + ":" + System.getenv("PATH"));
        environment.put("XDG_STATE_HOME", directory.resolve("state").toString());
        environment.put("DATABASE_URL", URL);
    }

    private void program(String name, String body) throws IOException {
        Path file = Files.writeString(directory.resolve(name), "#!/usr/bin/env bash\n" + body + "\n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwx------"));
    }

    private List<String> run(String example) throws Exception {
        Path output = directory.resolve("output");
        ProcessBuilder builder = new ProcessBuilder("../run", "example", example)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile());
        builder.environment()
                .keySet()
                .removeAll(List.of("JAVA_HOME", "DATABASE_URL", "DATABASE_USER", "DATABASE_PASSWORD"));
        builder.environment().putAll(environment);
        Process process = builder.start();
        try {
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        } finally {
            process.destroyForcibly();
        }
        List<String> lines = Files.readAllLines(output);
        assertThat(process.exitValue()).as("%s", lines).isZero();
        return lines;
    }

    @Test
    void withoutAClusterOfItsOwnTheUrlIsEnough() throws Exception {
        assertThat(run("plain-jdbc")).containsExactly(URL, "app", "app");
    }

    @Test
    void userAndPasswordCanBeSetToo() throws Exception {
        environment.put("DATABASE_USER", "me");
        environment.put("DATABASE_PASSWORD", "a=b:c d");
        assertThat(run("plain-jdbc")).containsExactly(URL, "me", "a=b:c d");
    }

    @Test
    void poolGetsThemInAFileThatNobodyElseReads() throws Exception {
        run("hikari");
        Path file = directory.resolve("state/pgbaton/hikari.properties");
        assertThat(Files.readAllLines(file)).contains("jdbcUrl=" + URL, "username=app", "password=app");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
    }
}
