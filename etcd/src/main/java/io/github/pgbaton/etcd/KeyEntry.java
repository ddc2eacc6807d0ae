package io.github.pgbaton.etcd;

import org.jspecify.annotations.Nullable;

/**
 * One key's value, as text; {@link #valueRevision} moves only when the key is made anew or its value changes.
 *
 * @param value decoded as UTF-8; bytes that are none became U+FFFD
 * @param createRevision when the key came to be: a deleted and re-created key has another one
 * @param valueRevision when the value became this one
 */
record KeyEntry(String value, long createRevision, long valueRevision) {

    /**
     * Keeps the known entry where a PUT changed nothing: Patroni puts the same leader again when its lease is new, and
     * that is no change of the lock.
     */
    KeyEntry since(@Nullable KeyEntry known) {
        return sameAs(known) && known != null ? known : this;
    }

    boolean sameAs(@Nullable KeyEntry other) {
        return other != null && other.createRevision == createRevision && other.value.equals(value);
    }
}
