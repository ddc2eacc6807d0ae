package io.github.pgbaton.topology;

import org.jspecify.annotations.Nullable;

/**
 * A switchover or failover that an operator asked for and that has not been carried out yet.
 *
 * @param from the leader that shall give up, null where not named
 * @param to the member that shall take over, null where any may
 * @param scheduled whether it is for a later time; an unscheduled one starts within about 200 ms
 */
public record Switchover(@Nullable String from, @Nullable String to, boolean scheduled) {}
