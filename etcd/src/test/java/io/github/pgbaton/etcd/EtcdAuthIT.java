package io.github.pgbaton.etcd;

import static io.github.pgbaton.etcd.Keys.PREFIX;
import static io.github.pgbaton.etcd.Keys.bytes;
import static io.github.pgbaton.etcd.Keys.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.etcd.jetcd.Auth;
import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.Client;
import io.etcd.jetcd.auth.Permission;
import io.github.pgbaton.topology.Member;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An etcd with authentication: the user needs no more than read on the cluster's keys, and no secret is ever told. */
class EtcdAuthIT {
    private static final Duration SOON = Duration.ofSeconds(20);

    @TempDir
    Path directory;

    private List<EtcdProcess> members = List.of();
    private EtcdLeaderSource source = EtcdWatchIT.source(EtcdProcess.cluster(1, Path.of("unused")));
    private final Recorder recorder = new Recorder();

    @BeforeEach
    void up() {
        members = EtcdProcess.cluster(1, directory, "--auth-token", "simple", "--bcrypt-cost", "4");
        members.forEach(EtcdProcess::start);
        members.forEach(EtcdProcess::awaitHealthy);
        try (Keys keys = new Keys(List.of(members.get(0).uri()))) {
            keys.cluster();
            Auth auth = keys.client.getAuthClient();
            get(auth.userAdd(bytes("root"), bytes("rootsecret")));
            get(auth.roleAdd(bytes("root")));
            get(auth.userGrantRole(bytes("root"), bytes("root")));
            user(auth, "wide");
            grant(auth, "wide", PREFIX, "/db/pgcluster0");
            user(auth, "narrow");
            for (String key : List.of("leader", "config", "failover", "history", "initialize", "sync")) {
                grant(auth, "narrow", PREFIX + key, null);
            }
            grant(auth, "narrow", PREFIX + "members/", PREFIX + "members0");
            user(auth, "old");
            for (String key : List.of("leader", "config", "failover", "history", "initialize")) {
                grant(auth, "old", PREFIX + key, null);
            }
            grant(auth, "old", PREFIX + "members/", PREFIX + "members0");
            user(auth, "nothing");
            get(auth.authEnable());
        }
    }

    private static void user(Auth auth, String name) {
        get(auth.userAdd(bytes(name), bytes(name + "-secret")));
        get(auth.roleAdd(bytes(name)));
        get(auth.userGrantRole(bytes(name), bytes(name)));
    }

    private static void grant(Auth auth, String role, String key, @org.jspecify.annotations.Nullable String end) {
        ByteSequence rangeEnd = end == null ? ByteSequence.EMPTY : bytes(end);
        get(auth.roleGrantPermission(bytes(role), bytes(key), rangeEnd, Permission.Type.READ));
    }

    @AfterEach
    void down() {
        source.close();
        members.forEach(EtcdProcess::kill);
    }

    private void start(String user, String password) {
        source = EtcdLeaderSource.overJetcd(EtcdSettings.of(
                members.stream().map(EtcdProcess::uri).toList(), "pgcluster", "db", user, password, null, null, null));
        source.start(recorder);
    }

    private Keys root() {
        return new Keys(Client.builder()
                .endpoints(members.get(0).uri())
                .user(bytes("root"))
                .password(bytes("rootsecret"))
                .build());
    }

    private void follows(String user) {
        start(user, user + "-secret");
        recorder.awaitLeader("node1", SOON);
        assertThat(recorder.last().members()).hasSize(3);
        await("a watch").atMost(SOON).until(() -> !get(source.watched()).isEmpty());
        try (Keys keys = root()) {
            keys.put("status", "{}");
            EtcdWatchIT.assertPushed(keys, recorder, 5);
            int before = recorder.published.size();
            keys.delete("leader", "members/node2");
            recorder.await("no leader", SOON, t -> t.leader() == null);
            assertThat(recorder.published).as("one snapshot for one revision").hasSize(before + 1);
            assertThat(recorder.last().members()).containsOnlyKeys("node1", "node3");
            keys.put("failover", "{\"member\":\"node3\"}");
            recorder.await("failover", SOON, t -> t.switchover() != null);
            keys.put("members/node4", Keys.memberJson(4, "replica"));
            recorder.await("node4", SOON, t -> t.members().containsKey("node4"));
            if (!user.equals("old")) {
                keys.put("sync", "{\"leader\":\"node1\",\"sync_standby\":\"node3\"}");
                recorder.await(
                        "sync",
                        SOON,
                        t -> t.members().containsKey("node3")
                                && t.members().get("node3").synchronous());
            }
        }
        // A new password voids the user's tokens, as 300 s of silence do; the watch does not notice.
        try (Keys keys = root()) {
            get(keys.client.getAuthClient().userChangePassword(bytes(user), bytes(user + "-secret")));
            keys.put("leader", "node1");
            recorder.awaitLeader("node1", SOON);
        }
        // Simple tokens live in etcd's memory: after this restart the old one is void.
        members.get(0).kill();
        members.get(0).start();
        members.get(0).awaitHealthy();
        try (Keys keys = root()) {
            keys.put("leader", "node3");
            recorder.awaitLeader("node3", SOON);
        }
    }

    @Test
    void followsWithReadOnTheWholePrefix() {
        follows("wide");
    }

    @Test
    void followsWithReadOnTheSingleKeysOnly() {
        follows("narrow");
    }

    @Test
    void followsWithoutReadOnTheSyncKey() {
        follows("old");
        assertThat(recorder.last().members().values()).noneMatch(Member::synchronous);
    }

    @Test
    void aWrongPasswordIsSaidWithoutSayingIt() {
        start("wide", "wrong-secret");
        recorder.awaitDegraded(1, SOON);
        assertThat(recorder.degraded.get(0)).contains("authentication failed").doesNotContain("wrong-secret");
        assertThat(source.description()).doesNotContain("secret").doesNotContain("wide");
    }

    @Test
    void aUserWithoutRightsIsToldWhichAreMissing() {
        start("nothing", "nothing-secret");
        recorder.awaitDegraded(1, SOON);
        assertThat(recorder.degraded.get(0)).contains("permission denied", "read on");
        assertThat(recorder.published).isEmpty();
    }
}
