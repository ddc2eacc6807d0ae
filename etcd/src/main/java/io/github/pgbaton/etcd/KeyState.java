package io.github.pgbaton.etcd;

import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The cluster's keys at one revision of one etcd cluster: immutable, so a snapshot is never half an update.
 *
 * @param clusterId etcd's id of itself
 * @param term raft term of the member that answered
 * @param revision the whole store's
 * @param entries by key, relative to the cluster's prefix
 */
record KeyState(long clusterId, long term, long revision, Map<String, KeyEntry> entries) {

    KeyState {
        entries = Map.copyOf(entries);
    }

    /**
     * Whether this is of another etcd cluster, or older than what is already known: of a lagging member, or of an etcd restored
     * from a backup.
     */
    boolean strangerTo(KeyState known) {
        return clusterId != known.clusterId || revision < known.revision || term < known.term;
    }

    /** Whether this was read of the same etcd just before what is known, as when an event overtakes the answer. */
    boolean overtakenBy(KeyState known) {
        return clusterId == known.clusterId && term == known.term && revision < known.revision;
    }

    /** The greatest is the one to be believed in the end: of the etcd that is known, and of the latest revision. */
    static Comparator<KeyState> likelier(KeyState known) {
        return Comparator.<KeyState, Boolean>comparing(each -> each.clusterId == known.clusterId)
                .thenComparing(KeyState::revision);
    }

    /** This reading, with the value revisions that {@code known} remembers. */
    KeyState since(KeyState known) {
        if (clusterId != known.clusterId) {
            return this;
        }
        Map<String, KeyEntry> merged = new HashMap<>();
        entries.forEach((key, entry) -> merged.put(key, entry.since(known.entries.get(key))));
        return new KeyState(clusterId, term, revision, merged);
    }

    /** All changes of one response at once: a lease expiry deletes the leader and its member in one revision. */
    KeyState with(List<KeyChange> changes, long newTerm) {
        Map<String, KeyEntry> next = new HashMap<>(entries);
        long newest = revision;
        for (KeyChange change : changes) {
            if (change.revision() <= revision) {
                continue; // known from the reading before; applying it again could undo a newer value
            }
            newest = Math.max(newest, change.revision());
            if (change.entry() == null) {
                next.remove(change.key());
            } else {
                next.put(change.key(), change.entry().since(next.get(change.key())));
            }
        }
        return new KeyState(clusterId, Math.max(term, newTerm), newest, next);
    }
}
