/** What is known of a cluster at one moment, as immutable values; imports nothing of pgbaton. */
@NullMarked
package io.github.pgbaton.topology;

import org.jspecify.annotations.NullMarked;
