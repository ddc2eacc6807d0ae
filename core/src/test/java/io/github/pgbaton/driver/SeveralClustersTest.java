package io.github.pgbaton.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.BatonDataSource;
import io.github.pgbaton.event.FailoverEvent;
import io.github.pgbaton.event.FailoverListener;
import io.github.pgbaton.event.FailoverListeners;
import io.github.pgbaton.scripted.ScriptedLeaderSource;
import io.github.pgbaton.scripted.ScriptedPostgres;
import java.sql.Connection;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Two clusters that one JVM follows know nothing of each other. */
@Timeout(60)
class SeveralClustersTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final Scripts failing = new Scripts("failing");
    private final Scripts calm = new Scripts("calm");

    @AfterEach
    void close() throws Exception {
        failing.close();
        calm.close();
    }

    @Test
    void whatHappensToOneLeavesTheSessionsNewsAndThreadsOfTheOtherAlone() throws Exception {
        ScriptedPostgres next = failing.server().timeline(2);
        ScriptedLeaderSource failingSource = failing.source(failing.server(), next);
        failingSource.elect("node1");
        ScriptedPostgres quiet = calm.server();
        ScriptedLeaderSource calmSource = calm.source(quiet, calm.server());
        calmSource.elect("node1");
        BatonDataSource failingData = failing.following("failoverTimeout=20s");
        Queue<FailoverEvent> told = new ConcurrentLinkedQueue<>();
        FailoverListener listener = told::add;
        try (Connection left = calm.following("failoverTimeout=20s").getConnection();
                Connection moved = failingData.getConnection()) {
            Scripts.run(left, "SELECT 1");
            Scripts.run(moved, "SELECT 1");
            FailoverListeners.add(listener);
            List<String> threads = threadsOf(calm);
            assertThat(threads).isNotEmpty();

            failingSource.degrade("quorum lost");
            failingSource.loseLeader();
            failingSource.elect("node2");
            Scripts.run(moved, "SELECT 2");
            assertThat(next.statements()).contains("SELECT 2");
            moved.close();
            failingData.close();
            await().atMost(PATIENCE).until(failingSource::isClosed);
            await().atMost(PATIENCE).until(() -> threadsOf(failing).isEmpty());

            Scripts.run(left, "SELECT 3");
            assertThat(quiet.statements()).containsExactly("SELECT 1", "SELECT 3");
            assertThat(quiet.accepted()).as("sessions and questions").isEqualTo(1);
            assertThat(calmSource.suspicions()).isZero();
            assertThat(calmSource.isClosed()).isFalse();
            assertThat(threadsOf(calm)).containsAll(threads);
            assertThat(told).isNotEmpty().noneMatch(event -> event.cluster().endsWith("/" + calm.scope));
        } finally {
            FailoverListeners.remove(listener);
        }
    }

    private static List<String> threadsOf(Scripts cluster) {
        return Thread.getAllStackTraces().keySet().stream()
                .map(Thread::getName)
                .filter(name -> name.endsWith("/" + cluster.scope) || name.contains("/" + cluster.scope + "-"))
                .sorted()
                .toList();
    }
}
