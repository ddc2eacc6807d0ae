package io.github.pgbaton.benchmarks.outage;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.pgbaton.examples.demo.Fault;
import io.github.pgbaton.testkit.PatroniCluster;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A pool over pgbaton costs its writers no error in an outage, and none of its connections; how much time it adds is for {@code
 * ./run bench pool --check} to say, and here it is only no proxy's seconds, which a shared machine does not take for it.
 */
@Timeout(300)
class PoolOutageIT {
    private static final OutageOptions OPTIONS = new OutageOptions();
    private static final Duration GENEROUS = Duration.ofSeconds(3);
    private static PatroniCluster cluster;

    @BeforeAll
    static void start() throws Exception {
        OPTIONS.ttl = 20;
        cluster = OPTIONS.start();
    }

    @AfterAll
    static void stop() {
        if (cluster != null) {
            cluster.close();
        }
    }

    @BeforeEach
    void restore() {
        cluster.restore(OutageOptions.RESTORE);
    }

    @Test
    void switchover() throws Exception {
        costsNoError(Fault.SWITCHOVER);
    }

    @Test
    @Tag("full")
    void kill() throws Exception {
        costsNoError(Fault.KILL);
    }

    @Test
    @Tag("full")
    void freeze() throws Exception {
        costsNoError(Fault.FREEZE);
    }

    private static void costsNoError(Fault fault) throws Exception {
        PoolRun.Result result = PoolBench.once(cluster, new PoolRun(cluster, fault, 4, OPTIONS.patience()), 2);

        assertThat(result.outage()).isPositive();
        RouteResult ours = result.pools().get(0).route();
        assertThat(ours.seen()).isPresent();
        assertThat(ours.writerErrors()).isEmpty();
        assertThat(ours.hung()).isZero();
        assertThat(result.pools().get(0).opened()).isZero();
        assertThat(ours.added()).hasValueSatisfying(added -> assertThat(added).isLessThan(GENEROUS));
        assertThat(result.pools().get(0).longestWait().minus(result.outage())).isLessThan(GENEROUS);
        assertThat(PoolTable.runs(List.of(result)).rows())
                .extracting(row -> row.get(2))
                .containsExactly("HikariCP over pgbaton", "HikariCP over HAProxy", "HikariCP over PgJDBC multi-host");
        assertThat(PoolTable.summary(fault.toString(), List.of(result)).rows()).hasSize(3);
    }
}
