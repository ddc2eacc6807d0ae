package io.github.pgbaton.topology;

import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * All that one source knows of a cluster at one moment: immutable, replaced whole.
 *
 * @param leader the holder of the lock, null while nobody holds it
 * @param members by name
 * @param systemIdentifier of the {@code initialize} key, null where unknown
 * @param timeline the newest timeline of the history, 0 where unknown
 * @param switchover announced and not yet carried out, or null
 * @param settings Patroni's dynamic configuration
 * @param term the DCS's term (etcd: raft term); 0 where the source has none
 * @param revision the DCS's revision of this snapshot; never goes back within one source
 * @param history how the timelines follow each other
 */
public record Topology(
        @Nullable Leader leader,
        Map<String, Member> members,
        @Nullable String systemIdentifier,
        int timeline,
        @Nullable Switchover switchover,
        ClusterSettings settings,
        long term,
        long revision,
        TimelineHistory history) {

    /** Nothing known yet. */
    public static final Topology UNKNOWN = new Topology(null, Map.of(), null, 0, null, ClusterSettings.DEFAULTS, 0, 0);

    public Topology {
        members = Map.copyOf(members);
    }

    /** One whose history is not known. */
    public Topology(
            @Nullable Leader leader,
            Map<String, Member> members,
            @Nullable String systemIdentifier,
            int timeline,
            @Nullable Switchover switchover,
            ClusterSettings settings,
            long term,
            long revision) {
        this(leader, members, systemIdentifier, timeline, switchover, settings, term, revision, TimelineHistory.NONE);
    }

    /**
     * @return the leader as a member, empty while nobody holds the lock or its member key is missing
     */
    public Optional<Member> leaderMember() {
        return leader == null ? Optional.empty() : Optional.ofNullable(members.get(leader.member()));
    }
}
