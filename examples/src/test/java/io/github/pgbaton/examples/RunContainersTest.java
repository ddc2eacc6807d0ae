package io.github.pgbaton.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code ./run} does on a machine that has no apt-get and none of a cluster's programs, with and without an engine. */
class RunContainersTest {
    private static final String NO_ENGINE =
            "./run: no Docker engine answers. Start one; on Debian, ./run docker-setup installs and starts it";

    @TempDir
    Path directory;

    private RunScript script;

    @BeforeEach
    void machine() throws Exception {
        script = new RunScript(directory);
        script.program("mvn", "echo mvn \"$@\" >&2");
        script.onlyWith("bash", "dirname", "sed", "timeout");
        // The reports of other tests are not this one's to delete.
        script.program("rm", "exit 0");
    }

    private void engine(boolean answers) throws Exception {
        script.program("docker", answers ? "exit 0" : "exit 1");
    }

    @Test
    void demoRunsInContainersWhereAnEngineIsAllThereIs() throws Exception {
        engine(true);
        RunScript.Said said = script.run("demo", "--fault", "switchover");
        assertThat(said.exit()).as("%s", said.lines()).isZero();
        assertThat(said.lines()).contains("No apt-get here to install a local cluster with: using containers.");
        assertThat(said.lines().get(said.lines().size() - 1))
                .startsWith("java ")
                .endsWith("io.github.pgbaton.examples.Demo --backend docker --fault switchover");
    }

    @Test
    void demoNamesWhatIsMissingWhereThereIsNoEngineEither() throws Exception {
        engine(false);
        RunScript.Said said = script.run("demo");
        assertThat(said.exit()).isOne();
        assertThat(said.lines())
                .singleElement()
                .asString()
                .startsWith("./run: missing programs, and this system has no apt-get.")
                .contains("patroni");
    }

    @Test
    void localBackendThatWasAskedForIsNotReplaced() throws Exception {
        engine(true);
        RunScript.Said said = script.run("demo", "--backend", "local");
        assertThat(said.exit()).isOne();
        assertThat(said.lines()).singleElement().asString().contains("has no apt-get");
    }

    @Test
    void testsOnContainersSayThatTheEngineIsMissing() throws Exception {
        engine(false);
        RunScript.Said said = script.run("test", "--docker");
        assertThat(said.exit()).isOne();
        assertThat(said.lines()).containsExactly(NO_ENGINE);
    }

    @Test
    void demoOnContainersSaysSoToo() throws Exception {
        RunScript.Said said = script.run("demo", "--backend", "docker");
        assertThat(said.exit()).isOne();
        assertThat(said.lines()).containsExactly(NO_ENGINE);
    }

    @Test
    void testsOnContainersRunAndTheirFailureCounts() throws Exception {
        engine(true);
        script.program("mvn", "echo \"mvn $*\"; exit 3");
        RunScript.Said said = script.run("test", "--docker");
        assertThat(said.exit()).isEqualTo(3);
        assertThat(said.lines()).singleElement().asString().contains("verify", "-Dit.test=Docker*IT");
    }

    /** It goes no further than to what is missing for a local cluster; by then it has said so. */
    @Test
    void fullRunNamesTheTestsThatItLeavesOutWithoutAnEngine() throws Exception {
        engine(false);
        script.onlyWith("find", "sort");
        assertThat(script.run("test", "--full").lines())
                .containsSubsequence(
                        "No Docker engine answers. Left out, the tests on containers:",
                        "  DockerBookwormIT",
                        "  DockerStockIT",
                        "With an engine (./run docker-setup) they run too.");
    }

    @Test
    void fullRunLeavesNoneOutWhereAnEngineAnswers() throws Exception {
        engine(true);
        script.onlyWith("find", "sort");
        assertThat(script.run("test", "--full").lines())
                .singleElement()
                .asString()
                .contains("has no apt-get");
    }
}
