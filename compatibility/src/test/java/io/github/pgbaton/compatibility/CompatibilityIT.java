package io.github.pgbaton.compatibility;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.pgbaton.compatibility.ResultTable.Fault;
import io.github.pgbaton.internal.outcome.LedgerSql;
import io.github.pgbaton.testkit.PatroniCluster;
import io.github.pgbaton.testkit.PatroniClusterExtension;
import java.sql.Connection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Frameworks and pools, each in the middle of its work when the cluster fails over, held to what docs/compatibility.md says.
 *
 * <p>All of them meet the same fault: that is what makes so many affordable.
 */
@Timeout(400)
class CompatibilityIT {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @RegisterExtension
    static final PatroniClusterExtension CLUSTER = PatroniClusterExtension.local(builder ->
            builder.ttl(Duration.ofSeconds(10)).loopWait(Duration.ofSeconds(1)).retryTimeout(Duration.ofSeconds(3)));

    @Test
    void everyFrameworkMeetsASwitchover(PatroniCluster cluster) throws Exception {
        play(cluster, Fault.SWITCHOVER, () -> {
            String next = cluster.syncStandby().orElseThrow();
            cluster.switchover(next);
            assertThat(cluster.awaitPrimary(PATIENCE)).isEqualTo(next);
        });
    }

    @Test
    @Tag("full")
    void everyFrameworkMeetsTheKillOfThePrimary(PatroniCluster cluster) throws Exception {
        play(cluster, Fault.KILL, () -> cluster.kill(cluster.awaitPrimary(PATIENCE)));
    }

    private static void play(PatroniCluster cluster, Fault fault, Runnable breaking) throws Exception {
        Map<String, String> outcomes = new LinkedHashMap<>();
        try (Routes routes = new Routes(cluster)) {
            try (Connection connection = routes.pool().getConnection()) {
                Sql.run(connection, LedgerSql.create(LedgerSql.DEFAULT_RETENTION, List.of()));
            }
            List<Work> works = new ArrayList<>();
            works.addAll(HibernateWorks.all(routes));
            works.addAll(SpringWorks.all(routes));
            works.addAll(ReadWriteWorks.all(routes));
            works.addAll(MapperWorks.all(routes));
            works.addAll(MigrationWorks.all(routes));
            works.addAll(PoolWorks.all(routes));
            works.addAll(PgWorks.all(routes));
            Stage.play(routes, works, breaking)
                    .forEach((work, outcome) -> outcomes.put(work.with() + " | " + work.what(), outcome));
        }
        if (Boolean.getBoolean("pgbaton.docs.update")) {
            ResultTable.write(fault, outcomes);
        }
        assertThat(outcomes).isEqualTo(ResultTable.documented(fault));
    }
}
