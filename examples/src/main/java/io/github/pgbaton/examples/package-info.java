/** What an application may look like that uses pgbaton, and programs around it; no API. */
@NullMarked
package io.github.pgbaton.examples;

import org.jspecify.annotations.NullMarked;
