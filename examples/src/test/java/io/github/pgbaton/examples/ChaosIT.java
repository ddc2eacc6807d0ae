package io.github.pgbaton.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The campaign as {@code ./run chaos} runs it: it passes with all guards, and sees what happens without one. */
@Tag("full")
class ChaosIT {
    @TempDir
    Path directory;

    @Test
    @Timeout(value = 40, unit = TimeUnit.MINUTES)
    void twentyFailoversLoseAndDoubleNothing() throws Exception {
        Campaign campaign = run("--failovers", "20", "--seed", "7");
        assertThat(campaign.exit).as(campaign.printed).isZero();
        assertThat(campaign.printed).contains("PASSED, 20 failovers, seed 7");
    }

    @Test
    @Timeout(value = 20, unit = TimeUnit.MINUTES)
    void whatAnAsynchronousStandbyNeverGotIsTold() throws Exception {
        Campaign campaign = run("--failovers", "8", "--seed", "7", "--async");
        assertThat(campaign.exit).as(campaign.printed).isZero();
    }

    @ParameterizedTest(name = "without {0}")
    @CsvSource({"tombstone, 3", "barrier, 3", "digest, 3"})
    @Timeout(value = 15, unit = TimeUnit.MINUTES)
    void theAuditSeesWhatAGuardPrevents(String guard, int failovers) throws Exception {
        Campaign campaign = run("--failovers", Integer.toString(failovers), "--seed", "5", "--without", guard);
        assertThat(campaign.exit).as(campaign.printed).isEqualTo(1);
        assertThat(campaign.printed).contains("FAILED, " + failovers + " failovers, seed 5, without the " + guard);
    }

    private record Campaign(int exit, String printed) {}

    /** In a JVM of its own: a guard is taken away for a whole JVM. */
    private Campaign run(String... options) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                Chaos.class.getName()));
        command.addAll(List.of(options));
        Path log = directory.resolve("campaign.log");
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        try {
            int exit = process.waitFor();
            return new Campaign(exit, Files.readString(log));
        } finally {
            // An interrupt by the time-out: its cluster ends with it.
            process.destroy();
        }
    }
}
