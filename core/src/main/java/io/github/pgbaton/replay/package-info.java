/** What an application can say and ask about the replay of its transactions. */
@NullMarked
package io.github.pgbaton.replay;

import org.jspecify.annotations.NullMarked;
