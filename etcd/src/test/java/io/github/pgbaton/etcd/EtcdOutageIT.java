package io.github.pgbaton.etcd;

import static org.assertj.core.api.Assertions.assertThat;

import io.etcd.jetcd.options.CompactOption;
import io.github.pgbaton.topology.Topology;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whatever happens to etcd, the source heals by itself and goes on by push. */
class EtcdOutageIT {
    private static final Duration SOON = Duration.ofSeconds(20);

    @TempDir
    Path directory;

    private List<EtcdProcess> members = List.of();
    private EtcdLeaderSource source = EtcdWatchIT.source(EtcdProcess.cluster(1, Path.of("unused")));
    private final Recorder recorder = new Recorder();

    private void up(int size) {
        members = EtcdProcess.cluster(size, directory);
        members.forEach(EtcdProcess::start);
        members.forEach(EtcdProcess::awaitHealthy);
        source = EtcdWatchIT.source(members);
    }

    @AfterEach
    void down() {
        source.close();
        members.forEach(EtcdProcess::kill);
    }

    private void put(String key, String value) {
        try (Keys keys = new Keys(members.stream().map(EtcdProcess::uri).toList())) {
            keys.put(key, value);
        }
    }

    private void cluster() {
        try (Keys keys = new Keys(members.stream().map(EtcdProcess::uri).toList())) {
            keys.cluster();
        }
    }

    @Test
    void startsWhileEtcdIsDown() {
        members = EtcdProcess.cluster(3, directory);
        source = EtcdWatchIT.source(members);
        source.start(recorder);
        recorder.awaitDegraded(1, SOON);
        assertThat(recorder.degraded.get(0))
                .contains(members.get(0).uri().toString(), "Connection refused")
                .doesNotContain("\n");
        members.forEach(EtcdProcess::start);
        members.forEach(EtcdProcess::awaitHealthy);
        cluster();
        recorder.awaitLeader("node1", SOON);
        assertThat(recorder.degraded).hasSize(1);
    }

    @Test
    void survivesTheRestartOfEachMember() {
        up(3);
        cluster();
        source.start(recorder);
        recorder.awaitLeader("node1", SOON);
        for (int i = 0; i < 3; i++) {
            members.get(i).kill();
            String next = "node" + (i % 2 == 0 ? 2 : 3);
            try (Keys keys = new Keys(List.of(members.get((i + 1) % 3).uri()))) {
                keys.put("leader", next);
            }
            recorder.awaitLeader(next, SOON);
            members.get(i).start();
            members.get(i).awaitHealthy();
        }
    }

    @Test
    void survivesTheRestartOfAllMembers() {
        up(3);
        cluster();
        source.start(recorder);
        Topology before = recorder.awaitLeader("node1", SOON);
        members.forEach(EtcdProcess::kill);
        recorder.awaitDegraded(1, SOON);
        members.forEach(EtcdProcess::start);
        members.forEach(EtcdProcess::awaitHealthy);
        recorder.await("published again", SOON, t -> recorder.published.size() > 1);
        assertThat(recorder.leader()).isEqualTo("node1");
        assertThat(recorder.last().leader()).isEqualTo(before.leader());
        put("leader", "node2");
        recorder.awaitLeader("node2", SOON);
        // By push again: nobody suspects anything, and without a suspicion nothing is read.
        put("leader", "node3");
        recorder.awaitLeader("node3", SOON);
        assertThat(recorder.degraded).hasSize(1);
    }

    @Test
    void survivesTheLossOfTheQuorum() {
        up(3);
        cluster();
        source.start(recorder);
        recorder.awaitLeader("node1", SOON);
        // The watch's own connection stays whole: only etcd itself can say that it is blind now, where it was asked to.
        EtcdProcess watched = EtcdProcess.watchedBy(source, members);
        List<EtcdProcess> others =
                members.stream().filter(member -> member != watched).toList();
        others.forEach(EtcdProcess::kill);
        recorder.awaitDegraded(1, Duration.ofSeconds(30));
        others.get(0).start();
        others.get(0).awaitHealthy();
        put("leader", "node2");
        recorder.awaitLeader("node2", SOON);
        assertThat(recorder.degraded).hasSize(1);
    }

    @Test
    void survivesACompactionDuringADisconnect() {
        up(1);
        cluster();
        source.start(recorder);
        recorder.awaitLeader("node1", SOON);
        // While the first watch's connection is dead, etcd moves on and forgets what came after that watch's revision.
        members.get(0).kill();
        members.get(0).start();
        members.get(0).awaitHealthy();
        try (Keys keys = new Keys(List.of(members.get(0).uri()))) {
            for (int i = 0; i < 50; i++) {
                keys.put("leader", "node" + (i % 3 + 1));
            }
            compact(keys);
            keys.put("leader", "node4");
        }
        recorder.awaitLeader("node4", SOON);
        put("leader", "node3");
        recorder.awaitLeader("node3", SOON);
    }

    private static void compact(Keys keys) {
        CompactOption physical =
                CompactOption.builder().withCompactPhysical(true).build();
        Keys.get(keys.client.getKVClient().compact(keys.revision(), physical));
    }

    @Test
    void aWatchFromBeforeACompactionEndsAtOnce() {
        up(1);
        cluster();
        try (Keys keys = new Keys(List.of(members.get(0).uri()))) {
            compact(keys);
        }
        ScheduledThreadPoolExecutor calls = new ScheduledThreadPoolExecutor(1);
        EtcdSettings settings =
                EtcdSettings.of(List.of(members.get(0).uri()), "pgcluster", "/db", null, null, null, null, null);
        JetcdEndpoint endpoint = new JetcdEndpoint(members.get(0).uri(), settings, Duration.ofSeconds(3), calls);
        try {
            Keys.get(endpoint.read());
            CompletableFuture<String> ended = new CompletableFuture<>();
            endpoint.watch(1, false, new Endpoint.WatchEvents() {
                @Override
                public void created(long clusterId, long term, long revision, boolean complete) {}

                @Override
                public void changed(long clusterId, long term, List<KeyChange> changes) {
                    ended.complete("changes");
                }

                @Override
                public void ended(String reason, boolean permissionDenied) {
                    ended.complete(reason);
                }
            });
            assertThat(Keys.get(ended)).contains("compacted");
        } finally {
            endpoint.discard();
            calls.shutdownNow();
        }
    }

    @Test
    void followsAnEtcdThatWasWipedThoughItsRevisionsBeginAgain() {
        up(1);
        cluster();
        for (int i = 0; i < 20; i++) {
            put("leader", "node" + (i % 3 + 1));
        }
        put("leader", "node1");
        source.start(recorder);
        Topology before = recorder.awaitLeader("node1", SOON);
        members.get(0).kill();
        members.get(0).wipe();
        members.get(0).start();
        members.get(0).awaitHealthy();
        put("members/node2", Keys.memberJson(2, "master"));
        put("leader", "node2");
        Topology after = recorder.awaitLeader("node2", SOON);
        assertThat(after.revision()).isGreaterThan(before.revision());
        assertThat(after.term()).isGreaterThanOrEqualTo(before.term());
        assertThat(after.leaderMember()).isPresent();
        put("leader", "node3");
        recorder.awaitLeader("node3", SOON);
        assertThat(recorder.published).isSortedAccordingTo((a, b) -> Long.compare(a.revision(), b.revision()));
    }
}
