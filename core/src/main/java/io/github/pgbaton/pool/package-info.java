/** What a connection pool can say to a connection and have it do, and what a connection tells a pool; applications need nothing of it. */
@NullMarked
package io.github.pgbaton.pool;

import org.jspecify.annotations.NullMarked;
