package io.github.pgbaton.internal.rest;

import static io.github.pgbaton.internal.rest.ScriptedPatroni.write;

import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Three members, node1 to node3, that tell what the test has them believe. */
final class ScriptedCluster implements AutoCloseable {
    static final String SYSTEM = "7301234567890123456";

    final List<Scripted> members = new ArrayList<>();
    volatile String config = "{\"ttl\":30,\"loop_wait\":10,\"retry_timeout\":10,\"synchronous_mode\":true}";

    /** One member and its beliefs. */
    final class Scripted {
        final String name;
        final ScriptedPatroni rest = new ScriptedPatroni();
        volatile @Nullable String seesLeader = "node1";
        volatile int seesTimeline = 1;
        volatile @Nullable String seesLeaderAt;
        volatile String seesLeaderAs = "leader";
        volatile String role = "replica";
        volatile String state = "running";
        volatile boolean holdsLock;
        volatile int timeline = 1;
        volatile String system = SYSTEM;
        volatile String extra = "";
        volatile @Nullable String apiUrl;

        Scripted(String name) {
            this.name = name;
            rest.plays(this::honest);
        }

        void honest(String path, OutputStream out) throws IOException {
            switch (path) {
                case "/cluster" -> write(out, 200, cluster());
                case "/config" -> write(out, 200, config);
                case "/history" -> write(out, 200, seesTimeline > 1 ? "[[" + (seesTimeline - 1) + ",1,\"x\"]]" : "[]");
                case "/primary" -> write(out, holdsLock ? 200 : 503, status());
                case "/patroni" -> write(out, 200, status());
                default -> write(out, 404, "{}");
            }
        }

        String cluster() {
            StringBuilder text = new StringBuilder("{\"members\": [");
            for (Scripted member : members) {
                boolean leads = member.name.equals(seesLeader);
                String api = member.apiUrl != null ? member.apiUrl : member.rest.uri() + "/patroni";
                text.append(member == members.get(0) ? "" : ", ")
                        .append("{\"name\": \"" + member.name + "\", \"role\": \"" + (leads ? seesLeaderAs : "replica")
                                + "\", \"state\": \"running\", \"api_url\": \"" + api
                                + "\", \"host\": \""
                                + (leads && seesLeaderAt != null ? seesLeaderAt : "10.0.0." + member.name.charAt(4))
                                + "\", \"port\": 5432, \"timeline\": " + (leads ? seesTimeline : 1)
                                + (leads ? "" : ", \"lag\": " + (System.nanoTime() & 0xfff)) + "}");
            }
            return text + "]" + extra + "}";
        }

        private String status() {
            return "{\"state\": \"" + state + "\", \"role\": \"" + role + "\", \"timeline\": " + timeline
                    + ", \"database_system_identifier\": \"" + system
                    + "\", \"patroni\": {\"version\": \"3.0.2\", \"scope\": \"pgcluster\"}}";
        }
    }

    ScriptedCluster() {
        for (int i = 1; i <= 3; i++) {
            members.add(new Scripted("node" + i));
        }
        promote("node1", 1);
    }

    Scripted node(int number) {
        return members.get(number - 1);
    }

    List<URI> uris() {
        return members.stream().map(member -> member.rest.uri()).toList();
    }

    /** The whole cluster agrees. */
    void promote(String name, int timeline) {
        for (Scripted member : members) {
            boolean leads = member.name.equals(name);
            member.holdsLock = leads;
            member.role = leads ? "master" : "replica";
            member.timeline = timeline;
            member.seesTimeline = timeline;
        }
        members.forEach(member -> member.seesLeader = name);
    }

    void loseLeader() {
        for (Scripted member : members) {
            member.holdsLock = false;
            member.role = "replica";
            member.seesLeader = null;
        }
    }

    long requests() {
        return members.stream().mapToLong(member -> member.rest.requests.size()).sum();
    }

    @Override
    public void close() {
        members.forEach(member -> member.rest.close());
    }
}
