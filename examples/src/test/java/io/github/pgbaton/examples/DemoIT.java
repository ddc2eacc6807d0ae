package io.github.pgbaton.examples;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.pgbaton.examples.demo.DemoRun;
import io.github.pgbaton.examples.demo.Fault;
import io.github.pgbaton.examples.demo.ResultTable;
import io.github.pgbaton.examples.demo.Route;
import io.github.pgbaton.examples.demo.Verdict;
import io.github.pgbaton.testkit.PatroniCluster;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The demo itself, on a real cluster: by default with the fault that is over soonest. */
class DemoIT {
    @Test
    @Timeout(150)
    void switchoverLosesAndDoublesNothing() throws Exception {
        losesAndDoublesNothing(Fault.SWITCHOVER);
    }

    @ParameterizedTest
    @EnumSource(value = Fault.class, mode = EnumSource.Mode.EXCLUDE, names = "SWITCHOVER")
    @Tag("full")
    @Timeout(200)
    void everyOtherFaultLosesAndDoublesNothing(Fault fault) throws Exception {
        losesAndDoublesNothing(fault);
    }

    private static void losesAndDoublesNothing(Fault fault) throws Exception {
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        try (PatroniCluster cluster = ReferenceCluster.start(Duration.ofSeconds(20));
                PrintStream out = new PrintStream(printed, true, StandardCharsets.UTF_8)) {
            DemoRun run = new DemoRun(cluster, fault, 2, Duration.ofSeconds(1), Duration.ofSeconds(60));

            Verdict verdict = run.run(List.of(Route.pgbaton(cluster), Route.haproxy(cluster)), out);

            String live = printed.toString(StandardCharsets.UTF_8);
            assertThat(verdict.isClean("pgbaton"))
                    .as(live + ResultTable.text(verdict))
                    .isTrue();
            assertThat(verdict.errors("pgbaton"))
                    .as(live + ResultTable.text(verdict))
                    .isZero();
            assertThat(verdict.isClean("HAProxy"))
                    .as(live + ResultTable.text(verdict))
                    .isTrue();
            assertThat(verdict.outage()).as(live).isPresent();
            assertThat(live).contains("calm", ">>> ", "recovered");
        }
    }
}
