/** What an ordinary workload loses to the wrapper, its journal and the ledger. */
@NullMarked
package io.github.pgbaton.benchmarks.throughput;

import org.jspecify.annotations.NullMarked;
