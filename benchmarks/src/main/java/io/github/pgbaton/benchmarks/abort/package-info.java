/** How long callers that are blocked on a dead member wait for their release. */
@NullMarked
package io.github.pgbaton.benchmarks.abort;

import org.jspecify.annotations.NullMarked;
