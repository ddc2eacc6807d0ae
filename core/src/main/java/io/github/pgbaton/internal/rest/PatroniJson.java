package io.github.pgbaton.internal.rest;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.github.pgbaton.internal.rest.Json.BadAnswer;
import io.github.pgbaton.topology.ClusterSettings;
import io.github.pgbaton.topology.HostPort;
import io.github.pgbaton.topology.Member;
import io.github.pgbaton.topology.Role;
import io.github.pgbaton.topology.Switchover;
import io.github.pgbaton.topology.TimelineHistory;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Reads Patroni's REST answers: pure functions that throw {@link BadAnswer} and nothing else, whatever the input. */
final class PatroniJson {
    private static final int POSTGRESQL_PORT = 5432;
    private static final int MAX_MEMBERS = 1000;
    private static final Set<String> SYNCHRONOUS = Set.of("sync_standby", "quorum_standby");

    private PatroniJson() {}

    /** {@code GET /cluster}; a member that cannot be read is left out, a leader that cannot be read spoils the answer. */
    static ClusterView cluster(String body) throws BadAnswer {
        JsonObject json = Json.object(body);
        if (!(json.get("members") instanceof JsonArray list) || list.size() > MAX_MEMBERS) {
            throw new BadAnswer("its answer has no list of members");
        }
        Map<String, Member> members = new TreeMap<>();
        JsonObject leader = null;
        for (JsonElement element : list) {
            if (!(element instanceof JsonObject entry)) {
                continue;
            }
            String name = Json.name(entry.get("name"));
            if (isLeader(entry)) {
                if (leader != null || name == null) {
                    // Guessing among two, or taking the leader for absent, would both be a wrong leader.
                    throw new BadAnswer(name == null ? "its leader has no usable name" : "it names two leaders");
                }
                leader = entry;
            }
            HostPort address = address(entry);
            if (name != null && address != null && members.put(name, member(name, address, entry)) != null) {
                throw new BadAnswer("it names a member twice");
            }
        }
        JsonElement planned = json.get("scheduled_switchover");
        return new ClusterView(
                Json.name(json.get("scope")),
                leader == null ? null : Json.name(leader.get("name")),
                leader == null ? Role.OTHER : role(leader),
                leader == null ? 0 : Json.positive(leader.get("timeline"), Integer.MAX_VALUE),
                leader == null ? null : api(Json.string(leader.get("api_url"))),
                members,
                Json.flag(json.get("pause")),
                planned instanceof JsonObject plan ? switchover(plan) : null,
                planned instanceof JsonObject plan ? instant(Json.string(plan.get("at"))) : null);
    }

    private static boolean isLeader(JsonObject entry) {
        Role role = role(entry);
        return role == Role.PRIMARY || role == Role.STANDBY_LEADER;
    }

    private static Role role(JsonObject entry) {
        return Role.parse(Json.string(entry.get("role")));
    }

    private static Member member(String name, HostPort address, JsonObject entry) {
        String state = Json.name(entry.get("state"));
        JsonElement tags = entry.get("tags");
        return new Member(
                name,
                address,
                role(entry),
                state == null ? "" : state,
                null,
                SYNCHRONOUS.contains(String.valueOf(Json.string(entry.get("role")))),
                !(tags instanceof JsonObject set && Json.flag(set.get("noloadbalance"))),
                Json.positive(entry.get("timeline"), Integer.MAX_VALUE));
    }

    private static @Nullable HostPort address(JsonObject entry) {
        String host = Json.name(entry.get("host"));
        JsonElement given = entry.get("port");
        int port = given == null ? POSTGRESQL_PORT : Json.positive(given, 65535);
        try {
            return host == null || port == 0 ? null : new HostPort(host, port);
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    /** The scheme, host and port of an api_url and nothing else of it. */
    private static @Nullable URI api(@Nullable String text) {
        if (text == null || text.length() > 1000) {
            return null;
        }
        try {
            URI uri = new URI(text);
            String scheme = uri.getScheme();
            if (uri.getHost() == null || !("http".equals(scheme) || "https".equals(scheme))) {
                return null;
            }
            int port = uri.getPort() >= 0 ? uri.getPort() : "https".equals(scheme) ? 443 : 80;
            String host = uri.getHost().replaceAll("[\\[\\]]", "");
            return new URI(scheme + "://" + new HostPort(host, port));
        } catch (URISyntaxException | IllegalArgumentException e) {
            return null;
        }
    }

    private static Switchover switchover(JsonObject plan) {
        return new Switchover(Json.name(plan.get("from")), Json.name(plan.get("to")), true);
    }

    private static @Nullable Instant instant(@Nullable String text) {
        try {
            return text == null
                    ? null
                    : OffsetDateTime.parse(text.replace(' ', 'T')).toInstant();
        } catch (DateTimeException e) {
            return null;
        }
    }

    /**
     * {@code GET /primary} or {@code /standby-leader}, answered by a member itself.
     *
     * @param member who should have answered
     * @param scope which it should belong to, null where unknown
     */
    static LockProof proof(HttpReply reply, String member, @Nullable String scope, long sentNanos) {
        LockProof silent = LockProof.silent(sentNanos);
        if (reply.status() != 200 && reply.status() != 503) {
            return silent;
        }
        JsonObject json;
        try {
            json = Json.object(reply.body());
        } catch (BadAnswer e) {
            return silent; // a proxy in between speaks, not Patroni
        }
        String role = Json.string(json.get("role"));
        String state = Json.string(json.get("state"));
        if (role == null || state == null) {
            return silent;
        }
        if (json.get("patroni") instanceof JsonObject about) {
            String itsScope = Json.string(about.get("scope"));
            String itsName = Json.string(about.get("name")); // since Patroni 3.1
            if ((itsScope != null && scope != null && !itsScope.equals(scope))
                    || (itsName != null && !itsName.equals(member))) {
                return silent; // behind this address is somebody else
            }
        }
        String system = systemIdentifier(json);
        if (reply.status() == 503) {
            return new LockProof(LockProof.Verdict.DENIED, 0, system, sentNanos);
        }
        Role actual = Role.parse(role);
        boolean running = state.equals("running") && (actual == Role.PRIMARY || actual == Role.STANDBY_LEADER);
        return new LockProof(
                running ? LockProof.Verdict.RUNNING : LockProof.Verdict.HELD,
                running ? Json.positive(json.get("timeline"), Integer.MAX_VALUE) : 0,
                system,
                sentNanos);
    }

    /** Of {@code GET /patroni}, which the answers about the lock resemble; null where there is none. */
    static @Nullable String systemIdentifier(JsonObject json) {
        String text = Json.string(json.get("database_system_identifier"));
        return text == null
                        || text.isEmpty()
                        || text.length() > 20
                        || !text.chars().allMatch(c -> c >= '0' && c <= '9')
                ? null
                : text;
    }

    /** {@code GET /config}; a setting of the wrong type or size has its default, the others still count. */
    static ClusterSettings settings(String body) throws BadAnswer {
        JsonObject json = Json.object(body);
        ClusterSettings defaults = ClusterSettings.DEFAULTS;
        JsonElement synchronous = json.get("synchronous_mode");
        return new ClusterSettings(
                Json.seconds(json.get("ttl"), defaults.ttl()),
                Json.seconds(json.get("loop_wait"), defaults.loopWait()),
                Json.seconds(json.get("retry_timeout"), defaults.retryTimeout()),
                Json.flag(json.get("pause")),
                Json.flag(json.get("failsafe_mode")),
                json.get("standby_cluster") instanceof JsonObject standby && isMeant(standby),
                Json.flag(synchronous) || "quorum".equalsIgnoreCase(Json.string(synchronous)));
    }

    /** Patroni takes {@code standby_cluster} for meant only with one of these. */
    private static boolean isMeant(JsonObject standby) {
        return standby.has("host") || standby.has("port") || standby.has("restore_command");
    }

    /** {@code GET /history}: the current timeline is one more than the last that ended; {@code []} says it is the first. */
    static int timeline(String body) throws BadAnswer {
        JsonArray lines = Json.array(body);
        if (lines.isEmpty()) {
            return 1;
        }
        int last = lines.get(lines.size() - 1) instanceof JsonArray line && !line.isEmpty()
                ? Json.positive(line.get(0), Integer.MAX_VALUE - 1)
                : 0;
        if (last == 0) {
            throw new BadAnswer("its history does not end with a timeline");
        }
        return last + 1;
    }

    /** {@code GET /history}, whole; a line that cannot be read spoils it, for where a timeline ended must not be guessed. */
    static TimelineHistory history(String body) throws BadAnswer {
        List<TimelineHistory.Switch> switches = new ArrayList<>();
        for (JsonElement element : Json.array(body)) {
            boolean readable = element instanceof JsonArray line && line.size() > 1;
            switches.add(readable ? line((JsonArray) element) : new TimelineHistory.Switch(0, 0, null));
        }
        try {
            return new TimelineHistory(switches);
        } catch (IllegalArgumentException e) {
            return TimelineHistory.NONE;
        }
    }

    private static TimelineHistory.Switch line(JsonArray fields) {
        return new TimelineHistory.Switch(
                Json.positive(fields.get(0), Integer.MAX_VALUE),
                Json.whole(fields.get(1)),
                fields.size() > 4 ? Json.name(fields.get(4)) : null);
    }
}
