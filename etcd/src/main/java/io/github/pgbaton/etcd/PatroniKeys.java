package io.github.pgbaton.etcd;

import io.github.pgbaton.etcd.PatroniValues.BadValue;
import io.github.pgbaton.topology.ClusterSettings;
import io.github.pgbaton.topology.Leader;
import io.github.pgbaton.topology.Member;
import io.github.pgbaton.topology.Switchover;
import io.github.pgbaton.topology.TimelineHistory;
import io.github.pgbaton.topology.Topology;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Makes a {@link Topology} of a cluster's keys: a pure function that never fails; a key it cannot read counts as absent.
 */
final class PatroniKeys {
    static final String CONFIG = "config";
    static final String FAILOVER = "failover";
    static final String HISTORY = "history";
    static final String INITIALIZE = "initialize";
    static final String LEADER = "leader";
    static final String MEMBERS = "members/";
    static final String SYNC = "sync";

    /** The single keys that matter, in the order of etcd's store. */
    static final List<String> SINGLE = List.of(CONFIG, FAILOVER, HISTORY, INITIALIZE, LEADER);

    /**
     * From {@code config} to the last of {@code members/}: the one range that holds all keys that matter but {@code sync},
     * and none of {@code optime} and {@code status}, which Patroni writes in every loop. "0" follows "/".
     */
    static final String RANGE_START = CONFIG;

    static final String RANGE_END = "members0";
    static final String MEMBERS_END = RANGE_END;

    private PatroniKeys() {}

    /**
     * @param topology what could be read
     * @param problems by key, what could not; without values
     */
    record Reading(Topology topology, Map<String, String> problems) {}

    static boolean matters(String key) {
        return SINGLE.contains(key) || SYNC.equals(key) || (key.startsWith(MEMBERS) && key.length() > MEMBERS.length());
    }

    /**
     * @param state the keys
     * @param termOffset added to etcd's term
     * @param revisionOffset added to etcd's revisions, so that they grow even over a restored etcd
     */
    static Reading read(KeyState state, long termOffset, long revisionOffset) {
        Map<String, String> problems = new TreeMap<>();
        Map<String, Member> members = new TreeMap<>();
        Set<String> synchronous = parse(state, SYNC, PatroniValues::synchronous, Set.of(), problems);
        state.entries().forEach((key, entry) -> {
            if (key.startsWith(MEMBERS) && matters(key)) {
                try {
                    String name = PatroniValues.name(key.substring(MEMBERS.length()));
                    boolean waitedFor = synchronous != null && synchronous.contains(name);
                    members.put(name, PatroniValues.member(name, entry.value()).synchronous(waitedFor));
                } catch (BadValue e) {
                    problems.put(printable(key), String.valueOf(e.getMessage()));
                }
            }
        });
        KeyEntry lock = state.entries().get(LEADER);
        String holder = parse(state, LEADER, PatroniValues::name, null, problems);
        Leader leader =
                lock == null || holder == null ? null : new Leader(holder, revisionOffset + lock.valueRevision());
        ClusterSettings settings = parse(state, CONFIG, PatroniValues::settings, ClusterSettings.DEFAULTS, problems);
        Integer timeline = parse(state, HISTORY, PatroniValues::timeline, 0, problems);
        TimelineHistory history = timeline == null || timeline == 0
                ? TimelineHistory.NONE
                : parse(state, HISTORY, PatroniValues::history, TimelineHistory.NONE, problems);
        Topology topology = new Topology(
                leader,
                members,
                parse(state, INITIALIZE, PatroniValues::systemIdentifier, null, problems),
                timeline == null ? 0 : timeline,
                begun(parse(state, FAILOVER, PatroniValues::switchover, null, problems), state, holder),
                settings == null ? ClusterSettings.DEFAULTS : settings,
                termOffset + state.term(),
                revisionOffset + state.revision(),
                history == null ? TimelineHistory.NONE : history);
        return new Reading(topology, problems);
    }

    /**
     * A leader that is busy while it shall give up is giving up. Patroni writes its member key at the end of the round in
     * which it began to, just as PostgreSQL begins its last checkpoint.
     */
    private static @Nullable Switchover begun(@Nullable Switchover planned, KeyState state, @Nullable String leader) {
        KeyEntry member = leader == null ? null : state.entries().get(MEMBERS + leader);
        boolean busy = planned != null && !planned.scheduled() && member != null && PatroniValues.busy(member.value());
        return planned != null && busy ? planned.asBegun() : planned;
    }

    /** Whether two snapshots say the same, whenever they were taken. */
    static boolean sameContent(Topology one, Topology other) {
        return stripped(one).equals(stripped(other));
    }

    private static Topology stripped(Topology t) {
        return new Topology(
                t.leader(),
                t.members(),
                t.systemIdentifier(),
                t.timeline(),
                t.switchover(),
                t.settings(),
                0,
                0,
                t.history());
    }

    private interface Parser<T> {
        @Nullable
        T parse(String value) throws BadValue;
    }

    private static <T> @Nullable T parse(
            KeyState state, String key, Parser<T> parser, @Nullable T otherwise, Map<String, String> problems) {
        KeyEntry entry = state.entries().get(key);
        if (entry == null) {
            return otherwise;
        }
        try {
            return parser.parse(entry.value());
        } catch (BadValue e) {
            problems.put(key, String.valueOf(e.getMessage()));
            return otherwise;
        }
    }

    private static String printable(String key) {
        String cut = key.length() > 80 ? key.substring(0, 80) + "..." : key;
        return cut.replaceAll("\\p{Cntrl}", "?");
    }
}
