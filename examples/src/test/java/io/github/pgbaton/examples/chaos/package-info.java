@NullMarked
package io.github.pgbaton.examples.chaos;

import org.jspecify.annotations.NullMarked;
