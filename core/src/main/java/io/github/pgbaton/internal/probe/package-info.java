/** Opening one PgJDBC session to one member and asking it what it is. */
@NullMarked
package io.github.pgbaton.internal.probe;

import org.jspecify.annotations.NullMarked;
