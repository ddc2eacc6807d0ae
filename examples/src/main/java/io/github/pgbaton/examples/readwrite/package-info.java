/** A pool for the primary and one for the replicas, behind one data source. */
@NullMarked
package io.github.pgbaton.examples.readwrite;

import org.jspecify.annotations.NullMarked;
