/** One connection, plain JDBC. */
@NullMarked
package io.github.pgbaton.examples.plainjdbc;

import org.jspecify.annotations.NullMarked;
