/** The parts of the demo: a load, a fault, a live view, an audit and a verdict; no API. */
@NullMarked
package io.github.pgbaton.examples.demo;

import org.jspecify.annotations.NullMarked;
