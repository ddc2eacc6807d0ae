package io.github.pgbaton.topology;

import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * From which timelines, and from where in them, the newest one descends, as the primary of the newest one wrote it into
 * Patroni's history: immutable, ascending, and empty where nothing is known.
 *
 * @param switches one for each timeline that ended, the oldest first; Patroni may have cut off the oldest
 */
public record TimelineHistory(List<Switch> switches) {
    /** Of the first timeline, or not known. */
    public static final TimelineHistory NONE = new TimelineHistory(List.of());

    /**
     * The end of one timeline.
     *
     * @param timeline that ended, from 1
     * @param lsn where the next one began: what lies at or past it is not in the next one
     * @param leader the member that began the next one; null where Patroni does not say
     */
    public record Switch(int timeline, long lsn, @Nullable String leader) {}

    public TimelineHistory {
        switches = List.copyOf(switches);
        for (int i = 0; i < switches.size(); i++) {
            Switch each = switches.get(i);
            if (each.timeline() <= (i == 0 ? 0 : switches.get(i - 1).timeline()) || each.lsn() <= 0) {
                throw new IllegalArgumentException("not an ascending history");
            }
        }
    }

    /**
     * Up to where a later timeline has the WAL of an earlier one. It is the least of all switches in between and not the
     * first: a member may be promoted before it has replayed all that it was to follow.
     *
     * @param from the earlier timeline
     * @param to the later one
     * @return the position; empty where the history is not that of {@code to}, or does not reach back to {@code from}
     */
    public OptionalLong end(int from, int to) {
        if (from >= to || newest() != to || find(from) == null) {
            return OptionalLong.empty();
        }
        return switches.stream()
                .filter(each -> each.timeline() >= from)
                .mapToLong(Switch::lsn)
                .min();
    }

    /**
     * Two members may each begin a timeline of the same number, when the first of them dies before anybody heard of it.
     *
     * @param timeline that is asked for, from 2
     * @return the member that began it, null where that is not known
     */
    public @Nullable String leader(int timeline) {
        Switch before = find(timeline - 1);
        return before == null ? null : before.leader();
    }

    /** @return the timeline whose history it is, 0 where it is not known */
    public int newest() {
        return switches.isEmpty() ? 0 : switches.get(switches.size() - 1).timeline() + 1;
    }

    private @Nullable Switch find(int timeline) {
        return switches.stream()
                .filter(each -> each.timeline() == timeline)
                .findFirst()
                .orElse(null);
    }
}
