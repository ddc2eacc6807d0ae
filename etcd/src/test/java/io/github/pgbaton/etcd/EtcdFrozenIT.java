package io.github.pgbaton.etcd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An etcd member that hangs: the watch on it is blind, and a suspicion sees past it. */
class EtcdFrozenIT {
    private static final Duration SOON = Duration.ofSeconds(20);

    @TempDir
    Path directory;

    private List<EtcdProcess> members = List.of();
    private EtcdLeaderSource source = EtcdWatchIT.source(EtcdProcess.cluster(1, Path.of("unused")));
    private final Recorder recorder = new Recorder();

    @BeforeEach
    void up() {
        members = EtcdProcess.cluster(3, directory);
        members.forEach(EtcdProcess::start);
        members.forEach(EtcdProcess::awaitHealthy);
        source = EtcdWatchIT.source(members);
        try (Keys keys = new Keys(List.of(members.get(0).uri()))) {
            keys.cluster();
        }
        source.start(recorder);
        recorder.awaitLeader("node1", SOON);
    }

    @AfterEach
    void down() {
        source.close();
        members.forEach(EtcdProcess::kill);
    }

    private EtcdProcess freezeTheWatched() {
        EtcdProcess watched = EtcdProcess.watchedBy(source, members);
        watched.freeze();
        return watched;
    }

    private String watched() {
        return Keys.get(source.watched());
    }

    private Keys others(EtcdProcess frozen) {
        List<EtcdProcess> others = new ArrayList<>(members);
        others.remove(frozen);
        // A frozen etcd leader has to be replaced first: a put waits for that.
        others.forEach(EtcdProcess::awaitHealthy);
        return new Keys(others.stream().map(EtcdProcess::uri).toList());
    }

    @Test
    void aSuspicionFindsTheLeaderThatTheFrozenWatchDoesNotTell() {
        EtcdProcess frozen = freezeTheWatched();
        try (Keys keys = others(frozen)) {
            keys.put("leader", "node2");
            long suspected = System.nanoTime();
            source.suspect();
            recorder.awaitLeader("node2", SOON);
            Duration took = Duration.ofNanos(System.nanoTime() - suspected);
            System.out.println("new leader seen " + took.toMillis() + " ms after the suspicion, watch frozen");
            assertThat(took).as("before the keepalive's 13 s").isLessThan(Duration.ofSeconds(10));
            // The watch has moved: what follows comes by push.
            keys.put("leader", "node3");
            recorder.awaitLeader("node3", SOON);
            EtcdWatchIT.assertPushed(keys, recorder, 5);
        }
        assertThat(recorder.degraded).isEmpty();
        frozen.thaw();
    }

    @Test
    void aSuspicionBeforeTheElectionMovesTheWatchInTime() {
        EtcdProcess frozen = freezeTheWatched();
        source.suspect();
        source.suspect();
        try (Keys keys = others(frozen)) {
            // A failover takes longer than that: by then the watch sits on a live member.
            await("watch moved")
                    .atMost(SOON)
                    .until(() -> !watched().isEmpty()
                            && !watched().equals(frozen.uri().toString()));
            keys.delete("leader", "members/node1");
            recorder.await("no leader", SOON, t -> t.leader() == null);
            keys.put("leader", "node3");
            recorder.awaitLeader("node3", SOON);
            EtcdWatchIT.assertPushed(keys, recorder, 5);
        }
        assertThat(recorder.degraded).isEmpty();
    }

    @Test
    void withoutSuspicionTheKeepaliveNotices() {
        EtcdProcess frozen = freezeTheWatched();
        try (Keys keys = others(frozen)) {
            keys.put("leader", "node2");
            long put = System.nanoTime();
            recorder.awaitLeader("node2", Duration.ofSeconds(30));
            System.out.println("without suspicion: new leader seen after "
                    + Duration.ofNanos(System.nanoTime() - put).toMillis() + " ms");
        }
        assertThat(recorder.degraded).isEmpty();
    }
}
