package io.github.pgbaton.benchmarks.abort;

import io.github.pgbaton.benchmarks.Goals;
import io.github.pgbaton.benchmarks.Range;
import io.github.pgbaton.benchmarks.Runs;
import io.github.pgbaton.benchmarks.Table;
import io.github.pgbaton.internal.socket.RawSocket;
import io.github.pgbaton.internal.socket.SocketRegistry;
import io.github.pgbaton.testkit.SilentTlsPeer;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Blocks many callers in TLS on a peer that has stopped reading, aborts their sockets, and prints when all are released. */
@Command(
        name = "abort",
        description = "How long callers that are blocked in TLS, half of them in a write, wait for their release.")
public final class AbortBench implements Callable<Integer> {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final Duration GOAL = Duration.ofMillis(50);

    @Spec
    private @Nullable CommandSpec spec;

    @Option(
            names = "--sockets",
            paramLabel = "N",
            defaultValue = "500",
            description = "How many, 2 to 2000; default ${DEFAULT-VALUE}.")
    private int sockets;

    @Option(
            names = "--runs",
            paramLabel = "N",
            defaultValue = "10",
            description = "How often, 1 to 100; default ${DEFAULT-VALUE}.")
    private int runs;

    @Option(names = "--check", description = "Exit with 1 where the median is over 50 ms.")
    private boolean check;

    @Option(names = "--markdown", description = "Print the table in Markdown.")
    private boolean markdown;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Print this text.")
    private boolean help;

    @Override
    public Integer call() throws IOException, GeneralSecurityException, InterruptedException {
        Range.check(spec, "--sockets", sockets, 2, 2000);
        Range.check(spec, "--runs", runs, 1, 100);
        List<Duration> released = new ArrayList<>();
        for (int run = 1; run <= runs; run++) {
            Duration time = once();
            released.add(time);
            System.err.println("run " + run + " of " + runs + ": " + millis(time));
        }
        List<Optional<Duration>> all = released.stream().map(Optional::of).toList();
        System.out.print(new Table(
                        List.of("sockets", "blocked in a TLS write", "runs", "all released, median", "worst"),
                        List.of(List.of(
                                Integer.toString(sockets),
                                Integer.toString(sockets / 2),
                                Integer.toString(runs),
                                millis(Runs.median(all).orElseThrow()),
                                millis(Runs.worst(all).orElseThrow()))))
                .text(markdown));
        return check ? goals(released).report(System.err) : 0;
    }

    static Goals goals(List<Duration> released) {
        Goals goals = new Goals("abort");
        goals.atMost(
                "all released, median",
                Runs.median(released.stream().map(Optional::of).toList()),
                GOAL);
        return goals;
    }

    /** From the call that aborts to the moment at which the last caller has its exception. */
    private Duration once() throws IOException, GeneralSecurityException, InterruptedException {
        SocketRegistry registry = new SocketRegistry("bench");
        try (SilentTlsPeer peer = SilentTlsPeer.start(sockets);
                BlockedCallers callers = new BlockedCallers(peer, registry)) {
            callers.block(sockets / 2, sockets - sockets / 2, PATIENCE);
            long begin = System.nanoTime();
            List<RawSocket> condemned = registry.condemnAllBut(Set.of());
            registry.abort(condemned);
            return Duration.ofNanos(callers.awaitReleased(PATIENCE) - begin);
        } finally {
            registry.close();
        }
    }

    private static String millis(Duration time) {
        return String.format(Locale.ROOT, "%.1f ms", time.toNanos() / 1e6);
    }
}
