@NullMarked
package io.github.pgbaton.examples.demo;

import org.jspecify.annotations.NullMarked;
