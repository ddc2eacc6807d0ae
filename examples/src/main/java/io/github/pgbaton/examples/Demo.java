package io.github.pgbaton.examples;

import ch.qos.logback.classic.LoggerContext;
import io.github.pgbaton.examples.demo.DemoRun;
import io.github.pgbaton.examples.demo.Fault;
import io.github.pgbaton.examples.demo.ResultTable;
import io.github.pgbaton.examples.demo.Route;
import io.github.pgbaton.examples.demo.Verdict;
import io.github.pgbaton.testkit.PatroniCluster;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The failover demo: exits with 0 only when pgbaton wrote again, lost nothing and doubled nothing. */
@Command(
        name = "./run demo",
        description = "Breaks a real Patroni cluster under load, and compares pgbaton with HAProxy.")
public final class Demo implements Callable<Integer> {
    private static final int THREADS = 4;
    private static final Duration SETTLE = Duration.ofSeconds(5);
    private static final Duration PATIENCE_BEYOND_TTL = Duration.ofSeconds(60);

    @Spec
    private @Nullable CommandSpec spec;

    @Option(
            names = "--fault",
            paramLabel = "F",
            defaultValue = "kill",
            description = "What happens to the primary: ${COMPLETION-CANDIDATES}; default ${DEFAULT-VALUE}.")
    private Fault fault = Fault.KILL;

    @Option(
            names = "--ttl",
            paramLabel = "N",
            defaultValue = "30",
            description = "How long the leader key lives, in seconds, 20 to 60; default ${DEFAULT-VALUE}.")
    private int ttl;

    @Option(
            names = "--backend",
            paramLabel = "B",
            defaultValue = "local",
            description = "What the cluster is made of: ${COMPLETION-CANDIDATES}; default ${DEFAULT-VALUE}.")
    private Backend backend = Backend.LOCAL;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Print this text.")
    private boolean help;

    @Option(names = "--markdown", description = "Print the result as a Markdown table.")
    private boolean markdown;

    @Override
    public Integer call() throws Exception {
        if (ttl < 20 || ttl > 60) {
            throw new ParameterException(spec().commandLine(), "--ttl accepts 20 to 60 seconds, not " + ttl);
        }
        System.out.println("Starting the reference cluster: 3 members, synchronous replication, ttl " + ttl
                + " s, HAProxy in front" + backend.text() + ". Ctrl-C ends everything.");
        try (PatroniCluster cluster = ReferenceCluster.start(backend.cluster(), Duration.ofSeconds(ttl))) {
            List<Route> routes = List.of(Route.pgbaton(cluster), Route.haproxy(cluster));
            System.out.println(THREADS + " threads on each route commit a row about every 10 ms each:");
            routes.forEach(route -> System.out.printf("  %-8s %s%n", route.name(), route.url()));
            System.out.println();
            DemoRun run = new DemoRun(
                    cluster, fault, THREADS, SETTLE, Duration.ofSeconds(ttl).plus(PATIENCE_BEYOND_TTL));
            Verdict verdict = run.run(routes, System.out);
            System.out.println();
            System.out.print(markdown ? ResultTable.markdown(verdict) : ResultTable.text(verdict));
            // The cluster ends before the driver does, and the driver would say so.
            ((LoggerContext) LoggerFactory.getILoggerFactory()).stop();
            return verdict.isClean("pgbaton") && verdict.errors("pgbaton") == 0 ? 0 : 1;
        }
    }

    private CommandSpec spec() {
        if (spec == null) {
            throw new IllegalStateException("picocli sets it");
        }
        return spec;
    }

    public static void main(String[] args) {
        System.exit(ReferenceCluster.commandLine(new Demo()).execute(args));
    }
}
