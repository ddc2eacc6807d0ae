@NullMarked
package io.github.pgbaton.testkit;

import org.jspecify.annotations.NullMarked;
