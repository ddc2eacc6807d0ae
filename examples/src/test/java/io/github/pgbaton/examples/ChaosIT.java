package io.github.pgbaton.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
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
    @Timeout(value = 60, unit = TimeUnit.MINUTES)
    void twentyFailoversLoseAndDoubleNothing() throws Exception {
        Campaign campaign = run("--failovers", "20", "--seed", "7");
        assertThat(campaign.exit).as(campaign.printed).isZero();
        assertThat(campaign.verdict()).startsWith("PASSED").contains("seed 7");
        assertThat(campaign.number("(\\d+) leader changes \\(")).isGreaterThanOrEqualTo(20);
        assertThat(campaign.number("(?m)^commits in doubt +(\\d+)")).isPositive();
        assertThat(campaign.number("(?m)^commits left in doubt +(\\d+)")).isZero();
        assertThat(campaign.number("(?m)^transactions replayed +(\\d+)")).isPositive();
    }

    @Test
    @Timeout(value = 20, unit = TimeUnit.MINUTES)
    void whatAnAsynchronousStandbyNeverGotIsTold() throws Exception {
        Campaign campaign = run("--failovers", "8", "--seed", "7", "--async");
        assertThat(campaign.exit).as(campaign.printed).isZero();
    }

    @Test
    @Timeout(value = 20, unit = TimeUnit.MINUTES)
    void withoutALedgerNothingIsLostAndDoubledEither() throws Exception {
        Campaign campaign = run("--failovers", "6", "--seed", "7", "--commit-outcome", "xid");
        assertThat(campaign.exit).as(campaign.printed).isZero();
        assertThat(campaign.verdict()).startsWith("PASSED").contains("commitOutcome=xid");
    }

    /** Any campaign that fails has a text and an exit like that; only what its guard prevents is looked at. */
    @ParameterizedTest(name = "without {0}")
    @CsvSource(delimiter = ';', textBlock = """
            tombstone ; doubled > 0                 ; [1-9]\\d* doubled
            barrier   ; lost > 0                    ; [1-9]\\d* lost
            digest    ; wrong reads or balances > 0 ; [1-9]\\d* wrong reads|balances off by -?[1-9]
            """)
    @Timeout(value = 15, unit = TimeUnit.MINUTES)
    void theAuditSeesWhatAGuardPrevents(String guard, String because, String found) throws Exception {
        Campaign campaign = run("--failovers", "2", "--seed", "5", "--without", guard);
        assertThat(campaign.verdict())
                .as(campaign.printed)
                .startsWith("FAILED as it should without the " + guard + ", " + because);
        assertThat(campaign.verdict()).containsPattern(found);
        assertThat(campaign.exit).isEqualTo(1);
    }

    private record Campaign(int exit, String printed) {
        /** The last line. */
        String verdict() {
            return printed.substring(printed.stripTrailing().lastIndexOf('\n') + 1);
        }

        long number(String pattern) {
            Matcher matcher = Pattern.compile(pattern).matcher(printed);
            assertThat(matcher.find()).as(printed).isTrue();
            return Long.parseLong(matcher.group(1));
        }
    }

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
