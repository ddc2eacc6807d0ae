/** What an application sees of an outage, through each of several ways to the primary at the same time. */
@NullMarked
package io.github.pgbaton.benchmarks.outage;

import org.jspecify.annotations.NullMarked;
