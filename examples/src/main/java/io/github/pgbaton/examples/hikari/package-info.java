/** A pool of HikariCP's by its properties. */
@NullMarked
package io.github.pgbaton.examples.hikari;

import org.jspecify.annotations.NullMarked;
