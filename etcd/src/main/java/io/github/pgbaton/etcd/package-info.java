/** Follows a Patroni cluster through etcd's watch API; all but the provider is package-private. */
@NullMarked
package io.github.pgbaton.etcd;

import org.jspecify.annotations.NullMarked;
