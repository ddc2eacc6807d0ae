/** Follows a Patroni cluster by asking Patroni's REST interface; all but the provider is package-private. */
@NullMarked
package io.github.pgbaton.internal.rest;

import org.jspecify.annotations.NullMarked;
