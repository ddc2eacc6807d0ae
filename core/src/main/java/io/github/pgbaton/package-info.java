/** Where an application meets pgbaton: the driver and the data source. */
@NullMarked
package io.github.pgbaton;

import org.jspecify.annotations.NullMarked;
