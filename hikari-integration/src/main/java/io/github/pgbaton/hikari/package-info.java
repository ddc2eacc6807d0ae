/** HikariCP set up for failover: what to change in a pool's configuration, and which connections it keeps. */
@NullMarked
package io.github.pgbaton.hikari;

import org.jspecify.annotations.NullMarked;
