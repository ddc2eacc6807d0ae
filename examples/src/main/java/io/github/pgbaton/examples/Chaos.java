package io.github.pgbaton.examples;

import ch.qos.logback.classic.LoggerContext;
import io.github.pgbaton.config.CommitMode;
import io.github.pgbaton.examples.chaos.Campaign;
import io.github.pgbaton.examples.chaos.Guard;
import io.github.pgbaton.examples.chaos.Terms;
import io.github.pgbaton.examples.chaos.Verdict;
import io.github.pgbaton.internal.probe.MissingGuard;
import io.github.pgbaton.testkit.ClusterException;
import io.github.pgbaton.testkit.PatroniCluster;
import java.time.Duration;
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

/**
 * The campaign: exits with 0 only when after all failovers the database holds what the application was told, with 1 when it
 * does not, and with 3 when the campaign itself failed. Without a guard, 1 means that it found just what the guard prevents.
 */
@Command(
        name = "./run chaos",
        exitCodeOnExecutionException = Verdict.OTHERWISE,
        description = "Fails a real Patroni cluster over again and again under eight writers, and audits what is left.")
public final class Chaos implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Option(
            names = "--failovers",
            paramLabel = "N",
            defaultValue = "20",
            description =
                    "How many changes of leader, at least, 1 to 1000; default ${DEFAULT-VALUE}. Faults that leave it"
                            + " in place come in between.")
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
            names = "--commit-outcome",
            paramLabel = "MODE",
            defaultValue = "auto",
            description =
                    "How the driver finds out what became of a COMMIT: auto (default) or ledger, by the ledger, or xid,"
                            + " without one, where some commits may be left in doubt.")
    private CommitMode commitOutcome = CommitMode.AUTO;

    @Option(
            names = "--without",
            paramLabel = "GUARD",
            description =
                    "Take a guard away, to see that the audit finds what it prevents: ${COMPLETION-CANDIDATES}. Exits with 1"
                            + " when it did, with 3 when the campaign failed by something else.")
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
        if (commitOutcome == CommitMode.NONE) {
            throw refuse("--commit-outcome accepts auto, ledger and xid");
        }
        if (commitOutcome == CommitMode.XID && without != null && without != Guard.DIGEST) {
            throw refuse("--without " + without + " needs the ledger, which it guards");
        }
        if (without != null) {
            System.setProperty(MissingGuard.PROPERTY, without.toString());
        }
        long chosen = seed == null ? ThreadLocalRandom.current().nextInt(1, 1_000_000) : seed;
        Terms terms = new Terms(failovers, chosen, !async, commitOutcome, without);
        System.out.println("Starting a cluster of 3 members, " + (async ? "asynchronous" : "synchronous")
                + " replication, ttl " + ttl + " s; " + terms.text());
        Verdict verdict;
        try (PatroniCluster cluster = cluster(Duration.ofSeconds(ttl), !async)) {
            verdict = new Campaign(cluster, terms, System.out).run();
            // The cluster ends before the driver does, and the driver would say so.
            ((LoggerContext) LoggerFactory.getILoggerFactory()).stop();
        } catch (ClusterException e) {
            verdict = new Verdict(Verdict.OTHERWISE, "FAILED before its end, " + terms.text() + ": " + e.getMessage());
        }
        System.out.println();
        System.out.println(verdict.text());
        return verdict.exit();
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
