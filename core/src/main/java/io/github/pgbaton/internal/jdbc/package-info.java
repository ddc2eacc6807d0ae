/**
 * The JDBC objects an application holds: each forwards to PgJDBC's of the moment and holds only what differs.
 *
 * <p>The {@code ForwardingX} base classes are generated; {@code src/main/forwarding} says how each method is forwarded.
 */
@NullMarked
package io.github.pgbaton.internal.jdbc;

import org.jspecify.annotations.NullMarked;
