/** What a user can set: the URL, the properties and the validated configuration they make. */
@NullMarked
package io.github.pgbaton.config;

import org.jspecify.annotations.NullMarked;
