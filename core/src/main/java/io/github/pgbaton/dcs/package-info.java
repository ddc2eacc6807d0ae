/** The SPI between the driver and whatever tells it who the leader is. */
@NullMarked
package io.github.pgbaton.dcs;

import org.jspecify.annotations.NullMarked;
