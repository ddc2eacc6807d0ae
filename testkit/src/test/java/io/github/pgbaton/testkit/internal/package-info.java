@NullMarked
package io.github.pgbaton.testkit.internal;

import org.jspecify.annotations.NullMarked;
