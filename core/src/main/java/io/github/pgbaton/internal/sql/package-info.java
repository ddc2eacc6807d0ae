/** What can be told of SQL text without a server: its words, and what it does to a session and its transaction. */
@NullMarked
package io.github.pgbaton.internal.sql;

import org.jspecify.annotations.NullMarked;
