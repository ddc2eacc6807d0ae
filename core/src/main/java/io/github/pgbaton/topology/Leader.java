package io.github.pgbaton.topology;

/**
 * The holder of the DCS lock; not always a primary yet, and in a standby cluster never one.
 *
 * @param member the holder's name
 * @param revision grows with every change of the lock; 0 where the source has no revisions
 */
public record Leader(String member, long revision) {}
