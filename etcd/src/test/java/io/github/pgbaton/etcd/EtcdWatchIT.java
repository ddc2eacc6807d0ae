package io.github.pgbaton.etcd;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.pgbaton.topology.HostPort;
import io.github.pgbaton.topology.Role;
import io.github.pgbaton.topology.Switchover;
import io.github.pgbaton.topology.Topology;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What one healthy etcd says is published by push, whole and once. */
class EtcdWatchIT {
    static final Duration SOON = Duration.ofSeconds(20);

    @TempDir
    Path directory;

    private EtcdProcess etcd;
    private Keys keys;
    private EtcdLeaderSource source;
    private final Recorder recorder = new Recorder();

    @BeforeEach
    void up() {
        etcd = EtcdProcess.cluster(1, directory).get(0);
        etcd.start();
        etcd.awaitHealthy();
        keys = new Keys(List.of(etcd.uri()));
        source = source(List.of(etcd));
    }

    @AfterEach
    void down() {
        source.close();
        keys.close();
        etcd.kill();
    }

    static EtcdLeaderSource source(List<EtcdProcess> members) {
        return EtcdLeaderSource.overJetcd(EtcdSettings.of(
                members.stream().map(EtcdProcess::uri).toList(), "pgcluster", "/db", null, null, null, null, null));
    }

    @Test
    void readsTheWholeClusterAtTheStart() {
        keys.cluster();
        source.start(recorder);
        Topology seen = recorder.awaitLeader("node1", SOON);
        assertThat(recorder.published).hasSize(1);
        assertThat(seen.members()).containsOnlyKeys("node1", "node2", "node3");
        assertThat(seen.leaderMember().orElseThrow().address()).isEqualTo(new HostPort("10.0.0.1", 5432));
        assertThat(seen.leaderMember().orElseThrow().role()).isEqualTo(Role.PRIMARY);
        assertThat(seen.timeline()).isEqualTo(2);
        assertThat(seen.systemIdentifier()).isEqualTo("7301234567890123456");
        assertThat(seen.settings().synchronous()).isTrue();
        assertThat(seen.switchover()).isNull();
        assertThat(seen.revision()).isEqualTo(keys.revision());
        assertThat(seen.term()).isPositive();
        assertThat(recorder.threads).containsOnly("pgbaton-etcd-pgcluster");
    }

    @Test
    void anEmptyEtcdIsASnapshotWithoutLeader() {
        source.start(recorder);
        recorder.await("first snapshot", SOON, t -> t.revision() > 0);
        assertThat(recorder.last().leader()).isNull();
        assertThat(recorder.degraded).isEmpty();
    }

    @Test
    void aSwitchoverIsTold() {
        keys.cluster();
        source.start(recorder);
        Topology first = recorder.awaitLeader("node1", SOON);
        keys.put("failover", "{\"leader\":\"node1\",\"member\":\"node2\"}");
        Topology announced = recorder.await("failover", SOON, t -> t.switchover() != null);
        assertThat(announced.switchover()).isEqualTo(new Switchover("node1", "node2", false));
        keys.delete("leader");
        recorder.await("no leader", SOON, t -> t.leader() == null);
        keys.put("leader", "node2");
        Topology second = recorder.awaitLeader("node2", SOON);
        assertThat(Recorder.leaderOf(second).revision())
                .isGreaterThan(Recorder.leaderOf(first).revision());
        keys.put("failover", "{}");
        recorder.await("failover done", SOON, t -> t.switchover() == null);
        keys.put("config", "{\"ttl\":20,\"pause\":true}");
        recorder.await("pause", SOON, t -> t.settings().paused());
        assertThat(recorder.published).isSortedAccordingTo((a, b) -> Long.compare(a.revision(), b.revision()));
    }

    @Test
    void aLeaseThatRunsOutTakesLeaderAndMemberInOneSnapshot() {
        keys.cluster();
        long lease = keys.lease(2);
        keys.put("members/node1", Keys.memberJson(1, "master"), lease);
        keys.put("leader", "node1", lease);
        source.start(recorder);
        recorder.awaitLeader("node1", SOON);
        recorder.await("expiry", Duration.ofSeconds(30), t -> t.leader() == null);
        assertThat(recorder.published).hasSize(2);
        assertThat(recorder.last().members()).containsOnlyKeys("node2", "node3");
    }

    @Test
    void whatPatroniWritesInEveryLoopIsNotPublished() {
        keys.cluster();
        source.start(recorder);
        recorder.awaitLeader("node1", SOON);
        for (int i = 0; i < 20; i++) {
            keys.put("status", "{\"optime\":" + i + "}");
            keys.put("optime/leader", "" + i);
            keys.put("members/node2", Keys.memberJson(2, "replica").replace("67108864", "" + i));
            keys.put("leader", "node1"); // the same with a new lease
        }
        keys.put("leader", "node2");
        recorder.awaitLeader("node2", SOON);
        assertThat(recorder.published).hasSize(2);
    }

    @Test
    void anotherScopeWithTheSameBeginningIsNotOurs() {
        keys.cluster();
        source.start(recorder);
        recorder.awaitLeader("node1", SOON);
        Keys.get(keys.client.getKVClient().put(Keys.bytes("/db/pgcluster2/leader"), Keys.bytes("other")));
        keys.put("leader", "node3");
        recorder.awaitLeader("node3", SOON);
        assertThat(recorder.published).hasSize(2);
    }

    @Test
    void badKeysCountAsAbsentAndTheRestStands() {
        keys.cluster();
        keys.put("members/node2", "{\"conn_url\":");
        keys.put("members/bad\u0007name", Keys.memberJson(9, "replica"));
        source.start(recorder);
        recorder.awaitLeader("node1", SOON);
        assertThat(recorder.last().members()).containsOnlyKeys("node1", "node3");
        keys.put("leader", "node\n2");
        recorder.await("no leader", SOON, t -> t.leader() == null);
        keys.put("leader", "node3");
        recorder.awaitLeader("node3", SOON);
    }

    @Test
    void putsArriveByPush() {
        keys.cluster();
        source.start(recorder);
        recorder.awaitLeader("node1", SOON);
        assertPushed(keys, recorder, 21);
    }

    /**
     * Puts an odd number of leaders, node2 the last, and sees most of them long before any reading would be made. Not all:
     * what stalls etcd's disk or this machine for a moment delays one of them.
     */
    static void assertPushed(Keys keys, Recorder recorder, int puts) {
        List<Long> delays = new ArrayList<>();
        for (int i = 0; i < puts; i++) {
            String next = "node" + (2 + i % 2);
            keys.put("leader", next);
            long put = System.nanoTime();
            recorder.awaitLeader(next, Duration.ofSeconds(20));
            delays.add(System.nanoTime() - put);
        }
        Collections.sort(delays);
        System.out.println("from the answer of a put to its publication, in us: " + delays.get(puts / 2) / 1_000
                + " mostly, " + delays.get(puts - 1) / 1_000 + " at worst");
        assertThat(Duration.ofNanos(delays.get(puts / 2))).as("by push").isLessThan(Duration.ofSeconds(1));
    }
}
