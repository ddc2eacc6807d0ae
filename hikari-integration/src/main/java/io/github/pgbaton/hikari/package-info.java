/** What HikariCP has to be told of a connection that moves by itself. */
@NullMarked
package io.github.pgbaton.hikari;

import org.jspecify.annotations.NullMarked;
