package io.github.pgbaton.examples;

import ch.qos.logback.classic.LoggerContext;
import io.github.pgbaton.examples.chaos.Campaign;
import io.github.pgbaton.internal.probe.MissingGuard;
import io.github.pgbaton.testkit.PatroniCluster;
import java.time.Duration;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The campaign: exits with 0 only when after all failovers the database holds what the application was told. */
@Command(
        name = "./run chaos",
        description = "Fails a real Patroni cluster over again and again under eight writers, and audits what is left.")
public final class Chaos implements Callable<Integer> {
    /** One of the guards of replay that can be taken away. */
    enum Guard {
        TOMBSTONE,
        BARRIER,
        DIGEST;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    @Spec
    private @Nullable CommandSpec spec;

    @Option(
            names = "--failovers",
            paramLabel = "N",
            defaultValue = "20",
            description = "How many faults, 1 to 1000; default ${DEFAULT-VALUE}.")
    private int failovers;

    @Option(
            names = "--seed",
            paramLabel = "S",
            description = "Decides the faults and what the application does; default: a random one, which is printed.")
    private @Nullable Long seed;

    @Option(
            names = "--ttl",
            paramLabel = "T",
            defaultValue = "10",
            description = "How long the leader key lives, in seconds, 10 to 60; default ${DEFAULT-VALUE}.")
    private int ttl;

    @Option(
            names = "--async",
            description = "With asynchronous replication: what the standby never got may be lost then, nothing else.")
    private boolean async;

    @Option(
            names = "--without",
            paramLabel = "GUARD",
            description = "Take a guard away, to see that the audit finds what it prevents: ${COMPLETION-CANDIDATES}.")
    private @Nullable Guard without;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Print this text.")
    private boolean help;

    @Override
    public Integer call() throws Exception {
        if (ttl < 10 || ttl > 60) {
            throw refuse("--ttl accepts 10 to 60 seconds, not " + ttl);
        }
        if (failovers < 1 || failovers > 1000) {
            throw refuse("--failovers accepts 1 to 1000, not " + failovers);
        }
        if (async && without != null && without != Guard.DIGEST) {
            throw refuse("--without " + without + " needs synchronous replication");
        }
        if (without != null) {
            System.setProperty(MissingGuard.PROPERTY, without.toString());
        }
        long chosen = seed == null ? ThreadLocalRandom.current().nextInt(1, 1_000_000) : seed;
        System.out.println("Starting a cluster of 3 members, " + (async ? "asynchronous" : "synchronous")
                + " replication, ttl " + ttl + " s; seed " + chosen
                + (without == null ? "" : "; without the " + without));
        try (PatroniCluster cluster = cluster(Duration.ofSeconds(ttl), !async)) {
            Campaign campaign = new Campaign(cluster, chosen, !async, System.out);
            if (without != null) {
                campaign.aimAt(without.toString());
            }
            boolean clean = campaign.run(failovers);
            // The cluster ends before the driver does, and the driver would say so.
            ((LoggerContext) LoggerFactory.getILoggerFactory()).stop();
            System.out.println();
            System.out.println((clean ? "PASSED" : "FAILED") + ", " + failovers + " failovers, seed " + chosen
                    + (without == null ? "" : ", without the " + without));
            return clean ? 0 : 1;
        }
    }

    static PatroniCluster cluster(Duration ttl, boolean synchronous) {
        return PatroniCluster.local()
                .ttl(ttl)
                .loopWait(Duration.ofSeconds(1))
                .retryTimeout(Duration.ofSeconds(3))
                .synchronousMode(synchronous)
                .start();
    }

    private ParameterException refuse(String why) {
        return new ParameterException(Objects.requireNonNull(spec).commandLine(), why);
    }

    public static void main(String[] args) {
        System.exit(ReferenceCluster.commandLine(new Chaos()).execute(args));
    }
}
