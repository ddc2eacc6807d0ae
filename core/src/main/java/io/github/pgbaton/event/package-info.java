/** What an application can catch: the exceptions that are pgbaton's own. */
@NullMarked
package io.github.pgbaton.event;

import org.jspecify.annotations.NullMarked;
