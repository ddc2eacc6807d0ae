package io.github.pgbaton.benchmarks;

import io.github.pgbaton.benchmarks.abort.AbortBench;
import io.github.pgbaton.benchmarks.outage.OutageBench;
import io.github.pgbaton.benchmarks.outage.PoolBench;
import io.github.pgbaton.benchmarks.reattach.ReattachBench;
import io.github.pgbaton.benchmarks.throughput.ThroughputBench;
import io.github.pgbaton.testkit.ClusterException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** What {@code ./run bench} runs: one subcommand for each thing that is measured. */
@Command(
        name = "./run bench",
        description =
                "Measures pgbaton, and says beside what. With --check, a command exits with 1 where pgbaton misses a"
                        + " goal of benchmarks/README.md, and names each.",
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {OutageBench.class, PoolBench.class, AbortBench.class, ReattachBench.class, ThroughputBench.class
        })
public final class Bench {
    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Print this text.")
    private boolean help;

    private Bench() {}

    /**
     * Ends the JVM: a driver that hangs must not keep it alive.
     *
     * @param args see the usage
     */
    public static void main(String[] args) {
        System.exit(new CommandLine(new Bench())
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setExecutionExceptionHandler((error, line, parsed) -> {
                    if (!(error instanceof ClusterException)) {
                        throw error;
                    }
                    System.err.println(error.getMessage());
                    return 1;
                })
                .execute(args));
    }
}
