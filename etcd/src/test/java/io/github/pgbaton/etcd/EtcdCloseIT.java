package io.github.pgbaton.etcd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.dcs.LeaderSource;
import io.github.pgbaton.topology.Topology;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A closed source leaves nothing behind: no thread, no connection, no callback. */
class EtcdCloseIT {
    private static final Duration SOON = Duration.ofSeconds(30);

    @TempDir
    Path directory;

    private List<EtcdProcess> members = List.of();
    private final Recorder recorder = new Recorder();

    @BeforeEach
    void up() {
        members = EtcdProcess.cluster(3, directory);
        members.forEach(EtcdProcess::start);
        members.forEach(EtcdProcess::awaitHealthy);
        try (Keys keys = new Keys(List.of(members.get(0).uri()))) {
            keys.cluster();
        }
        awaitNothingLeft();
    }

    @AfterEach
    void down() {
        members.forEach(EtcdProcess::kill);
    }

    private static Set<String> threads() {
        Set<String> names = new TreeSet<>();
        Thread.getAllStackTraces().keySet().stream()
                .map(Thread::getName)
                .filter(n -> n.matches("(pgbaton|grpc|jetcd|vert|Failsafe|netty|multithreadEventLoop).*"))
                .forEach(names::add);
        return names;
    }

    private int connections() {
        return members.stream().mapToInt(m -> Sockets.to(m.port())).sum();
    }

    private void awaitNothingLeft() {
        await("no thread left")
                .atMost(SOON)
                .untilAsserted(() -> assertThat(threads()).isEmpty());
        await("no connection left").atMost(SOON).until(() -> connections() == 0);
    }

    @Test
    void leavesNoThreadAndNoConnection() {
        EtcdLeaderSource source = EtcdWatchIT.source(members);
        source.start(recorder);
        recorder.awaitLeader("node1", SOON);
        await("one connection").atMost(SOON).until(() -> connections() == 1);
        source.suspect();
        await("a look at every member").atMost(SOON).until(() -> connections() == 3);
        source.close();
        awaitNothingLeft();
        source.close();
        source.suspect();
        assertThatThrownBy(() -> source.start(recorder)).isInstanceOf(IllegalStateException.class);
        assertThat(recorder.degraded).isEmpty();
    }

    @Test
    void closesWhileNothingAnswers() {
        members.forEach(EtcdProcess::freeze);
        EtcdLeaderSource source = EtcdWatchIT.source(members);
        source.start(recorder);
        recorder.awaitDegraded(1, SOON);
        // They stay frozen: nothing but close() itself can end what waits for them.
        source.close();
        awaitNothingLeft();
    }

    @Test
    void closesFromItsOwnListener() throws InterruptedException {
        EtcdLeaderSource source = EtcdWatchIT.source(members);
        CountDownLatch closed = new CountDownLatch(1);
        source.start(new LeaderSource.Listener() {
            @Override
            public void published(Topology snapshot) {
                source.close();
                closed.countDown();
            }

            @Override
            public void degraded(String reason) {}
        });
        assertThat(closed.await(SOON.toSeconds(), TimeUnit.SECONDS)).isTrue();
        awaitNothingLeft();
    }

    /** A client that is closed while it is being opened must not open all the same. */
    @Test
    void closesWhileItIsOpening() {
        for (int i = 0; i < 50; i++) {
            EtcdLeaderSource source = EtcdWatchIT.source(members);
            source.start(recorder);
            source.suspect();
            source.close();
        }
        awaitNothingLeft();
    }

    @Test
    void closesUnstarted() {
        EtcdWatchIT.source(members).close();
        awaitNothingLeft();
    }
}
