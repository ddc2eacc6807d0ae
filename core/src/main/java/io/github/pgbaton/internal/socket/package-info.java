/** The raw sockets under PgJDBC: who holds which, and how they are broken. */
@NullMarked
package io.github.pgbaton.internal.socket;

import org.jspecify.annotations.NullMarked;
