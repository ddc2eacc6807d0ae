package io.github.pgbaton.etcd;

import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.Client;
import io.etcd.jetcd.op.Op;
import io.etcd.jetcd.options.DeleteOption;
import io.etcd.jetcd.options.PutOption;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;

/** Writes keys as Patroni does, over a client of its own. */
final class Keys implements AutoCloseable {
    static final String PREFIX = "/db/pgcluster/";

    final Client client;

    Keys(List<URI> endpoints) {
        client = Client.builder()
                .endpoints(endpoints)
                .retryMaxDuration(Duration.ofSeconds(5))
                .build();
    }

    Keys(Client client) {
        this.client = client;
    }

    static <T> T get(CompletableFuture<T> future) {
        try {
            return future.get(10, TimeUnit.SECONDS);
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    static ByteSequence bytes(String text) {
        return ByteSequence.from(text, StandardCharsets.UTF_8);
    }

    void put(String key, String value) {
        // An etcd that is just electing a leader refuses for a second or two.
        Awaitility.await("put " + key)
                .atMost(Duration.ofSeconds(20))
                .pollDelay(Duration.ZERO)
                .untilAsserted(() -> get(client.getKVClient().put(bytes(PREFIX + key), bytes(value))));
    }

    void put(String key, String value, long lease) {
        get(client.getKVClient()
                .put(
                        bytes(PREFIX + key),
                        bytes(value),
                        PutOption.builder().withLeaseId(lease).build()));
    }

    long revision() {
        return get(client.getKVClient().get(bytes(PREFIX + "leader")))
                .getHeader()
                .getRevision();
    }

    long lease(long seconds) {
        return get(client.getLeaseClient().grant(seconds)).getID();
    }

    void delete(String... keys) {
        Op[] ops = new Op[keys.length];
        for (int i = 0; i < keys.length; i++) {
            ops[i] = Op.delete(bytes(PREFIX + keys[i]), DeleteOption.DEFAULT);
        }
        get(client.getKVClient().txn().Then(ops).commit());
    }

    void member(String name, int number, String role) {
        put("members/" + name, memberJson(number, role));
    }

    static String memberJson(int number, String role) {
        return "{\"conn_url\":\"postgres://10.0.0." + number + ":5432/postgres\",\"api_url\":\"http://10.0.0." + number
                + ":8008/patroni\",\"state\":\"running\",\"role\":\"" + role
                + "\",\"version\":\"3.0.2\",\"xlog_location\":67108864,\"timeline\":1}";
    }

    /** Three members, node1 leads. */
    void cluster() {
        put("config", "{\"ttl\":30,\"loop_wait\":10,\"retry_timeout\":10,\"synchronous_mode\":true}");
        put("initialize", "7301234567890123456");
        put("history", "[[1,25000000,\"no recovery target specified\",\"2026-01-01T00:00:00+00:00\",\"node1\"]]");
        member("node1", 1, "master");
        member("node2", 2, "replica");
        member("node3", 3, "replica");
        put("leader", "node1");
    }

    @Override
    public void close() {
        client.close();
    }
}
