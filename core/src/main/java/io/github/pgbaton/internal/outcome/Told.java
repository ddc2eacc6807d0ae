package io.github.pgbaton.internal.outcome;

import io.github.pgbaton.topology.HostPort;

/**
 * That a session was told something at one moment: whatever it was told had been written to the WAL of that member before.
 *
 * @param member that told it
 * @param timeline that the member wrote
 * @param nanos of {@link System#nanoTime}, behind the answer
 */
public record Told(HostPort member, int timeline, long nanos) {}
