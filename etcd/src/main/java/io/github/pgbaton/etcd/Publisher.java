package io.github.pgbaton.etcd;

import io.github.pgbaton.dcs.LeaderSource.Listener;
import io.github.pgbaton.topology.Topology;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Holds the newest keys and tells the listener what changes in them: never something older, never twice the same.
 *
 * <p>Confined to the loop.
 */
final class Publisher {
    private static final Logger LOG = LoggerFactory.getLogger(Publisher.class);

    private final String description;
    private final Listener listener;
    private @Nullable KeyState state;
    private @Nullable Topology published;
    private boolean degraded;
    private long termOffset;
    private long revisionOffset;
    private Map<String, String> problems = Map.of();

    Publisher(String description, Listener listener) {
        this.description = description;
        this.listener = listener;
    }

    @Nullable
    KeyState state() {
        return state;
    }

    Topology topology() {
        return published == null ? Topology.UNKNOWN : published;
    }

    /** A lagging member, an etcd that has lost its past, or a member of another etcd. */
    boolean strange(KeyState reading) {
        return state != null && reading.strangerTo(state);
    }

    /** Takes a whole reading. */
    void read(KeyState reading) {
        KeyState known = state;
        if (known != null && reading.strangerTo(known)) {
            startOver(known, reading);
            known = null;
        }
        state = known == null ? reading : reading.since(known);
        publish();
    }

    /** Takes the changes of one response of a watch. */
    void changed(KeyState next) {
        state = next;
        publish();
    }

    /** Says once per silence that nothing is known any more. */
    void degraded(String reason) {
        if (degraded) {
            LOG.debug("{} still silent: {}", description, reason);
            return;
        }
        degraded = true;
        // Whoever listens knows what it means for the application, and says so.
        LOG.debug("{} cannot tell the leader: {}", description, reason);
        try {
            listener.degraded(reason);
        } catch (RuntimeException e) {
            LOG.error("listener of {} failed", description, e);
        }
    }

    /**
     * A new etcd in the old one's place counts its revisions from 1 again. Ours go on, for whoever listens drops what
     * is older than what it knows.
     */
    private void startOver(KeyState known, KeyState reading) {
        LOG.warn(
                "{} is another etcd or one restored from a backup (cluster id {} -> {}, term {} -> {}, revision {} -> {}):"
                        + " starting over",
                description,
                Long.toHexString(known.clusterId()),
                Long.toHexString(reading.clusterId()),
                known.term(),
                reading.term(),
                known.revision(),
                reading.revision());
        termOffset += known.term();
        revisionOffset += known.revision();
    }

    private void publish() {
        KeyState current = state;
        if (current == null) {
            return;
        }
        PatroniKeys.Reading reading = PatroniKeys.read(current, termOffset, revisionOffset);
        report(reading.problems());
        Topology before = published;
        if (before != null && !degraded && PatroniKeys.sameContent(before, reading.topology())) {
            return;
        }
        if (degraded) {
            LOG.debug("{} answers again", description);
        }
        degraded = false;
        published = reading.topology();
        try {
            listener.published(reading.topology());
        } catch (RuntimeException e) {
            LOG.error("listener of {} failed", description, e);
        }
    }

    /** Each bad key once, until it is good again or bad in another way: Patroni writes it in every loop. */
    private void report(Map<String, String> found) {
        found.forEach((key, problem) -> {
            if (!problem.equals(problems.get(key))) {
                LOG.warn("{}/{} counts as absent: {}", description, key, problem);
            }
        });
        problems = found;
    }
}
