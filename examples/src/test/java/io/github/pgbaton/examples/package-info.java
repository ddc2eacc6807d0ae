@NullMarked
package io.github.pgbaton.examples;

import org.jspecify.annotations.NullMarked;
