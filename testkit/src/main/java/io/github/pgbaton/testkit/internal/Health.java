package io.github.pgbaton.testkit.internal;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Says what keeps a cluster from being healthy; a cluster is healthy when there is nothing to say. */
final class Health {
    private static final String TIMELINE = "('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int";

    private final Settings settings;
    private final Addresses addresses;
    private final Observer observer;
    private final List<String> members;

    Health(Settings settings, Addresses addresses, Observer observer, List<String> members) {
        this.settings = settings;
        this.addresses = addresses;
        this.observer = observer;
        this.members = members;
    }

    /** The first thing that is wrong, or null. */
    @Nullable
    String problem() {
        try {
            EtcdGateway.Snapshot keys = observer.etcd().snapshot();
            String leader = keys.value("leader").orElse("");
            int index = members.indexOf(leader);
            if (index < 0) {
                return "there is no leader key";
            }
            for (String member : members) {
                Optional<JsonObject> key = keys.value("members/" + member).map(Health::json);
                if (key.isEmpty() || !Set.of("running", "streaming").contains(string(key.get(), "state"))) {
                    return member + " says in etcd "
                            + key.map(JsonObject::toString).orElse("nothing");
                }
            }
            JsonElement paused = json(keys.value("config").orElse("{}")).get("pause");
            if (paused != null && paused.getAsBoolean()) {
                return "the cluster is paused";
            }
            if (json(keys.value("failover").orElse("{}")).size() > 0) {
                return "a switchover or failover is under way";
            }
            String replication = replicationProblem(index, keys);
            return replication != null ? replication : routeProblem(index);
        } catch (IOException e) {
            return String.valueOf(e.getMessage());
        }
    }

    private @Nullable String replicationProblem(int leader, EtcdGateway.Snapshot keys) throws IOException {
        List<List<String>> streaming;
        String timeline;
        try (RawPostgres session = observer.connect(leader)) {
            if (!session.query("SELECT pg_is_in_recovery()").get(0).get(0).equals("f")) {
                return members.get(leader) + " holds the leader key and is not promoted";
            }
            // Commits as an application's would: it waits for the synchronous standby.
            session.query(observer.probe(leader));
            timeline = session.query("SELECT " + TIMELINE).get(0).get(0);
            streaming = session.query(
                    "SELECT application_name, sync_state FROM pg_stat_replication WHERE state = 'streaming'");
        }
        for (int i = 0; i < members.size(); i++) {
            String member = members.get(i);
            if (i == leader) {
                continue;
            }
            if (streaming.stream().noneMatch(row -> row.get(0).equals(member))) {
                return member + " does not stream from " + members.get(leader);
            }
            List<List<String>> receiver =
                    observer.query(i, "SELECT received_tli FROM pg_stat_wal_receiver WHERE status = 'streaming'");
            if (!receiver.equals(List.of(List.of(timeline)))) {
                return member + " is on timeline " + receiver + ", its leader on " + timeline;
            }
        }
        return settings.synchronous() && members.size() > 1 ? syncProblem(leader, keys, streaming) : null;
    }

    private @Nullable String syncProblem(int leader, EtcdGateway.Snapshot keys, List<List<String>> streaming) {
        JsonObject sync = json(keys.value("sync").orElse("{}"));
        List<String> named =
                new ArrayList<>(List.of(string(sync, "sync_standby").split(",")));
        named.retainAll(members);
        if (!string(sync, "leader").equals(members.get(leader)) || named.isEmpty()) {
            return "no synchronous standby is named, only " + sync;
        }
        boolean waits = streaming.stream()
                .anyMatch(row ->
                        named.contains(row.get(0)) && Set.of("sync", "quorum").contains(row.get(1)));
        return waits ? null : members.get(leader) + " does not wait for its synchronous standby, only has " + streaming;
    }

    private @Nullable String routeProblem(int leader) throws IOException {
        if (!settings.haproxy()) {
            return null;
        }
        String wanted = addresses.serverAddress(leader);
        // Until HAProxy has given up the old primary it goes round between the two.
        for (int i = 0; i < 2 * members.size(); i++) {
            String end = observer.routeEnd();
            if (!end.equals(wanted)) {
                return "HAProxy leads to " + end + ", not to " + wanted;
            }
        }
        return null;
    }

    /** Whether this member could stream from that leader, and does not. */
    boolean isLost(String leader, String member) {
        try {
            return observer.query(
                            members.indexOf(leader),
                            "SELECT 1 FROM pg_stat_replication WHERE state = 'streaming' AND application_name = '"
                                    + member + "'")
                    .isEmpty();
        } catch (IOException e) {
            return false;
        }
    }

    static JsonObject json(String text) {
        JsonElement element = text.isBlank() ? new JsonObject() : JsonParser.parseString(text);
        return element.isJsonObject() ? element.getAsJsonObject() : new JsonObject();
    }

    /** A text of this object; an absent or null one is empty. */
    static String string(JsonObject object, String name) {
        JsonElement value = object.get(name);
        return value == null || value.isJsonNull() ? "" : value.getAsString();
    }
}
