package io.github.pgbaton.benchmarks.outage;

import io.github.pgbaton.benchmarks.Range;
import io.github.pgbaton.examples.demo.Fault;
import io.github.pgbaton.examples.demo.Route;
import io.github.pgbaton.internal.outcome.LedgerSql;
import io.github.pgbaton.testkit.PatroniCluster;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/** What both commands that break a cluster again and again accept alike; the values hold once {@link #check} has returned. */
final class OutageOptions {
    static final Duration RESTORE = Duration.ofMinutes(3);
    private static final Duration PATIENCE_BEYOND_TTL = Duration.ofSeconds(60);

    @Option(
            names = "--fault",
            paramLabel = "F",
            defaultValue = "kill",
            description = "What happens to the primary: ${COMPLETION-CANDIDATES}; default ${DEFAULT-VALUE}.")
    Fault fault = Fault.KILL;

    @Option(
            names = "--runs",
            paramLabel = "N",
            defaultValue = "3",
            description = "How often, 1 to 100; default ${DEFAULT-VALUE}.")
    int runs;

    @Option(
            names = "--ttl",
            paramLabel = "N",
            defaultValue = "20",
            description = "How long the leader key lives, in seconds, 20 to 60; default ${DEFAULT-VALUE}.")
    int ttl;

    @Option(names = "--check", description = "Exit with 1 where pgbaton misses a goal, and name each.")
    boolean check;

    @Option(names = "--markdown", description = "Print the tables in Markdown.")
    boolean markdown;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Print this text.")
    private boolean help;

    void check(@Nullable CommandSpec spec) {
        Range.check(spec, "--runs", runs, 1, 100);
        Range.check(spec, "--ttl", ttl, 20, 60);
    }

    /** How long the cluster may take until a member is writable again. */
    Duration patience() {
        return Duration.ofSeconds(ttl).plus(PATIENCE_BEYOND_TTL);
    }

    /** A cluster with the ledger: with it, pgbaton knows what became of a COMMIT that was cut off. */
    PatroniCluster start() throws SQLException {
        Duration third = Duration.ofSeconds(ttl / 3);
        PatroniCluster cluster = PatroniCluster.local()
                .ttl(Duration.ofSeconds(ttl))
                .loopWait(third)
                .retryTimeout(third)
                .haproxy(true)
                .start();
        try {
            createLedger(cluster);
            return cluster;
        } catch (SQLException | RuntimeException e) {
            cluster.close();
            throw e;
        }
    }

    /** What {@code ./run ledger create} does. */
    private static void createLedger(PatroniCluster cluster) throws SQLException {
        String primary = cluster.awaitPrimary(Duration.ofSeconds(30));
        try (Connection connection = Route.direct(cluster, primary).open();
                Statement statement = connection.createStatement()) {
            statement.execute(LedgerSql.create(LedgerSql.DEFAULT_RETENTION, List.of()));
        }
    }
}
