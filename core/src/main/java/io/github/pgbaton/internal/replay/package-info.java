/** The record of a transaction: what was run in it and how far its commit got. */
@NullMarked
package io.github.pgbaton.internal.replay;

import org.jspecify.annotations.NullMarked;
