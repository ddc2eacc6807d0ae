/** The campaign: a workload whose every effect can be audited, on a cluster that fails over again and again. */
@NullMarked
package io.github.pgbaton.examples.chaos;

import org.jspecify.annotations.NullMarked;
