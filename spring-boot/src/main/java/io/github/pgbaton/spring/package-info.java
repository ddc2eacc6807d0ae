/** Spring Boot set up for pgbaton by the URL alone; nothing in here is for an application to call. */
@NullMarked
package io.github.pgbaton.spring;

import org.jspecify.annotations.NullMarked;
