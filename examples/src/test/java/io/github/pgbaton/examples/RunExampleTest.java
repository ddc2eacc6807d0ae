package io.github.pgbaton.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code ./run example} starts. */
class RunExampleTest {
    private static final String URL = "jdbc:pgbaton:postgresql://elsewhere:5432/app?patroni=http://elsewhere:8008";

    @TempDir
    Path directory;

    private RunScript script;

    @BeforeEach
    void elsewhere() throws Exception {
        script = new RunScript(directory);
        script.program("java", "printf '%s\\n' \"${@: -3}\"");
        script.set("DATABASE_URL", URL);
    }

    private List<String> run(String example) throws Exception {
        RunScript.Said said = script.run("example", example);
        assertThat(said.exit()).as("%s", said.lines()).isZero();
        return said.lines();
    }

    @Test
    void withoutAClusterOfItsOwnTheUrlIsEnough() throws Exception {
        assertThat(run("plain-jdbc")).containsExactly(URL, "app", "app");
    }

    @Test
    void userAndPasswordCanBeSetToo() throws Exception {
        script.set("DATABASE_USER", "me");
        script.set("DATABASE_PASSWORD", "a=b:c d");
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
