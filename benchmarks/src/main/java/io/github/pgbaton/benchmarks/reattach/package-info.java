/** How long many connections need until all of them are on the new primary. */
@NullMarked
package io.github.pgbaton.benchmarks.reattach;

import org.jspecify.annotations.NullMarked;
