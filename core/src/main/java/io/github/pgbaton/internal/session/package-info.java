/** The session behind a logical connection: one PgJDBC connection at a time, replaced when its member is lost. */
@NullMarked
package io.github.pgbaton.internal.session;

import org.jspecify.annotations.NullMarked;
