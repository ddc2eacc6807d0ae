package io.github.pgbaton.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What {@code ./run example} starts. */
class RunExampleTest {
    private static final String URL = "jdbc:pgbaton:postgresql://elsewhere:5432/app?patroni=http://elsewhere:8008";

    @TempDir
    Path directory;

    private RunScript script;

    @BeforeEach
    void elsewhere() throws Exception {
        script = new RunScript(directory);
        script.program(
                "java", "printf '%s\\n' \"$@\" \"${DATABASE_URL-}\" \"${DATABASE_USER-}\" \"${DATABASE_PASSWORD-}\"");
        script.built("examples", "examples/spring-boot");
        script.set("DATABASE_URL", URL);
    }

    private List<String> run(String example) throws Exception {
        RunScript.Said said = script.run("example", example);
        assertThat(said.exit()).as("%s", said.lines()).isZero();
        return said.lines();
    }

    @Test
    void withoutAClusterOfItsOwnTheUrlIsEnough() throws Exception {
        assertThat(run("plain-jdbc")).startsWith(java("plainjdbc.PlainJdbc", URL, "app", "app"));
    }

    @Test
    void userAndPasswordCanBeSetToo() throws Exception {
        script.set("DATABASE_USER", "me");
        script.set("DATABASE_PASSWORD", "a=b:c d");
        assertThat(run("plain-jdbc")).startsWith(java("plainjdbc.PlainJdbc", URL, "me", "a=b:c d"));
    }

    private static String[] java(String main, String... arguments) {
        return Stream.concat(
                        Stream.of(
                                "-cp",
                                "examples/target/classes:jars-of-examples",
                                "io.github.pgbaton.examples." + main),
                        Stream.of(arguments))
                .toArray(String[]::new);
    }

    @ParameterizedTest
    @CsvSource({"hikari, hikari.PooledOrders", "read-write-split, readwrite.ReadsAndWrites"})
    void poolGetsThemInAFileThatNobodyElseReads(String example, String main) throws Exception {
        Path file = directory.resolve("state/pgbaton/hikari.properties");
        assertThat(run(example)).startsWith(java(main, file.toString()));
        assertThat(Files.readAllLines(file)).contains("jdbcUrl=" + URL, "username=app", "password=app");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
    }

    /** By the names that its application.properties has, and never as arguments, which others could read. */
    @Test
    void springBootGetsThemInItsEnvironment() throws Exception {
        script.set("DATABASE_PASSWORD", "a=b:c d");
        assertThat(run("spring-boot"))
                .containsExactly(
                        "-cp",
                        "examples/spring-boot/target/classes:jars-of-examples/spring-boot",
                        "com.example.orders.OrdersApplication",
                        URL,
                        "app",
                        "a=b:c d");
        assertThat(Path.of("spring-boot/src/main/resources/application.properties"))
                .content()
                .contains("${DATABASE_URL}", "${DATABASE_USER:", "${DATABASE_PASSWORD:");
    }
}
