/** Whether a transaction was committed: the token that goes with a COMMIT, and finding out by it after a failure. */
@NullMarked
package io.github.pgbaton.internal.outcome;

import org.jspecify.annotations.NullMarked;
