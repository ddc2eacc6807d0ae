/** What pgbaton costs beside plain PgJDBC while nothing is wrong. */
@NullMarked
package io.github.pgbaton.benchmarks;

import org.jspecify.annotations.NullMarked;
