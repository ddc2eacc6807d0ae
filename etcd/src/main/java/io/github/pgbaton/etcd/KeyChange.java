package io.github.pgbaton.etcd;

import org.jspecify.annotations.Nullable;

/**
 * One event of a watch.
 *
 * @param key relative to the cluster's prefix
 * @param entry what the key is now, null where it was deleted or its lease ran out
 * @param revision of the change
 */
record KeyChange(String key, @Nullable KeyEntry entry, long revision) {}
