/** Where the primary is, and a session on it: one tracker per cluster, shared by every pool of the JVM. */
@NullMarked
package io.github.pgbaton.internal.routing;

import org.jspecify.annotations.NullMarked;
